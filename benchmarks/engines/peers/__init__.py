"""The runners: one script a peer, run by the interpreter of its environment; they share ``harness`` alone."""
