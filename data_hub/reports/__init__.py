"""Reports (看板报表): one page's worth of figures each, with the moment they were true at."""
