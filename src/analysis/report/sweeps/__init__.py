"""The pack of a sweep: its runs compared on a page, its estimates in one table."""
