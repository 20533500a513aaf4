"""Output formats: values in, text out; of the other packages only `model` is imported."""
