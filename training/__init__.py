"""The second reader's training data, and the training."""
