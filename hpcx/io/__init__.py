"""Result files, checkpoints, provenance."""
