"""Threads, comments, readers and the rules that screen what arrives."""
