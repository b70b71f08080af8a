"""Whether a configuration can work: each part is tried, and each problem comes with its remedy."""
