"""What `tansiq demo` is made of: nodes as processes, the sea on a socket, people at their pages, the summary."""
