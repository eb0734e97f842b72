"""What leaves: policy, certificate, card; and whether it still is what left."""
