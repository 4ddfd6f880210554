"""Writing on paper, composed: what the shipped networks are trained on, with its truth known exactly."""
