# SPDX-License-Identifier: Apache-2.0
"""A small HTTP server on loopback for the example: prints its port when it is ready, then serves."""

import http.server
import sys

PAGE = b"Seshat saw who fetched this page.\n"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        """Silent: the terminal is the session's."""


with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
    print(server.server_port, flush=True)
    sys.stdout.close()
    server.serve_forever()
