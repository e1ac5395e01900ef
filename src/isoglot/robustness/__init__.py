"""Robust training, smoothed prediction, and perturbations to measure robustness with."""
