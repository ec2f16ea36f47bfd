module gradstep

go 1.24
