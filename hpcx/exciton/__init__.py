"""Two-body Bethe-Salpeter equation on a truncated Monkhorst-Pack mesh. Internal units: eV, Angstrom."""
