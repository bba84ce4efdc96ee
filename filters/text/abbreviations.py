"""English abbreviations after whose full stop no sentence ends, for all who look for sentences."""

# As they are written; inner full stops are part of the word.
ABBREVIATIONS = (
    "Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Jr", "Sr", "Messrs", "Rev", "Hon", "Gen", "Col", "Capt", "Lt", "Sgt", "Gov",
    "Sen", "Rep", "Inc", "Ltd", "Co", "Corp", "Bros", "vs", "No", "Vol", "pp", "ed", "eds", "Fig", "approx", "dept",
    "est", "al", "cf", "e.g", "i.e", "a.m", "p.m", "U.S", "U.K", "U.N", "D.C", "Ph.D", "B.A", "M.A", "Jan", "Feb",
    "Mar", "Apr", "Jun", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec", "Mt", "Ft", "Ave", "Blvd",
)  # fmt: skip
