"""How good, how useful and how safe synthetic rows are."""
