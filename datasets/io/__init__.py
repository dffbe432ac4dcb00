"""Files: downloads, archives, MATLAB arrays, prepared folders."""
