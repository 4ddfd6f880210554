"""Readers of the published collections of handwriting that the shipped networks are trained on."""
