"""Request parameters and answers in the products' own forms."""
