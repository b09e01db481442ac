"""The product itself (产品本身): settings, wiring, web, worker, console, workbench, sandbox."""
