"""The command line: each command parses what was typed, calls one function, and prints.

A file a command; `app` puts them together. What a command works out belongs in a room below.
"""
