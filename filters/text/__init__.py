"""Native text kernels over UTF-8 bytes, and Unicode helpers."""
