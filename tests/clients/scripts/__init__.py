"""Programs as users of each client write them. The tests run them as processes of their own."""
