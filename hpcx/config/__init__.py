"""What a user may write: pydantic models, units at the border, dotted-key sweeps, one message for all errors."""
