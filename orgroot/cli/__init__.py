"""Typer, thin: parse, call one workflow, render."""
