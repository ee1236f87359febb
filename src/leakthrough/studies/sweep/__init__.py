"""Parameter sweeps: axes, design points, patched scenarios, tasks, and a resumable store."""
