"""`pinner upgrade`: a move to another release that has not been made, as if, and the plan that it takes."""
