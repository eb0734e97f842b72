"""Contract suites that other packages can run too."""
