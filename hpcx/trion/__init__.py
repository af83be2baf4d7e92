"""Three-body Bethe-Salpeter equation on a truncated Monkhorst-Pack mesh. Inside: eV, nm."""
