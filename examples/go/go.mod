module userops.example/summary

go 1.19
