"""What every generated module promises, whatever the layer."""
