"""Train the networks: data, loops, checkpoints."""
