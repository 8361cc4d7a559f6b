"""An ordered choice of content, rendered once and spliced per reader."""
