"""What models are built of: what a part is, attention, feed-forward blocks, norms, heads, layers and stacks of them."""
