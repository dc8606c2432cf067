"""Load and faults of the hosted dashboard, on this machine alone: ``make bench-load``.

Visitors that speak the protocol of Streamlit's page over real websockets open links and click tiles of the
board; every answer that they are shown is compared with a direct computation.
"""
