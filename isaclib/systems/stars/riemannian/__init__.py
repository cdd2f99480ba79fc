"""Augmented Lagrangian on sphere x (S^3)^N: what the closed form of ``stars`` does not cover."""
