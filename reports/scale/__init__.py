"""``rsbench scale``: steps of more workers on faster or slower links, modelled from one recorded size."""
