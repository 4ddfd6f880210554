"""Pictures of readings."""
