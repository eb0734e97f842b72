"""Latent methods: learnt from real rows."""
