"""What a circuit is asked for in its certificate: how it answers, what it lacks, what in it is idle, and how
it does at other sizes."""
