"""What happens before the first page: loading, the address that is asked for, CircuitsVis's script."""
