"""Read and edit the operator's Hiera data and site code."""
