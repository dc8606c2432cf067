"""What pages are made of. A widget knows plain values only: no scene, no session, no backend."""
