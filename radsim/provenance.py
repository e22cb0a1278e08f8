"""What made a result: versions, the experiment, the published sources."""

__version__ = "0.1.0"
