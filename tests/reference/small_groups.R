# Reference values for Firth's logit, detectable gaps, power and tests of equivalence.
#
# Usage: Rscript tests/reference/small_groups.R DATA_DIR tests/reference/small_groups.json
# where DATA_DIR holds the files written by export_data.py. See README.md for the definitions.
#
# Written from the definitions: the penalised likelihood is maximised as a function, and nothing of
# its score, of leverages or of augmented data is used. No package for Firth's logit is needed.

suppressMessages({
  library(numDeriv)
  library(sandwich)
})

margin <- 0.05
confidence <- 0.95
alpha <- 1 - confidence

# ---- JSON -----------------------------------------------------------------------------------

to_json <- function(x, indent = "") {
  inner <- paste0(indent, "  ")
  if (is.list(x)) {
    values <- vapply(x, to_json, "", indent = inner)
    fields <- paste0(inner, "\"", names(x), "\": ", values, collapse = ",\n")
    return(paste0("{\n", fields, "\n", indent, "}"))
  }
  stopifnot(!anyNA(x))
  items <- if (is.character(x)) paste0("\"", x, "\"") else sprintf("%.17g", unname(x))
  if (length(x) == 1) items else paste0("[", paste(items, collapse = ", "), "]")
}

# ---- Penalised likelihood -------------------------------------------------------------------

penalised <- function(b, x, y) {
  eta <- drop(x %*% b)
  w <- plogis(eta) * plogis(-eta)
  log_determinant <- as.numeric(determinant(crossprod(x * sqrt(w)))$modulus)
  sum(y * eta - log1p(exp(eta))) + log_determinant / 2
}

maximise <- function(f, start) {
  control <- list(fnscale = -1, reltol = 1e-15, maxit = 2000)
  b <- optim(start, f, method = "BFGS", control = control)$par
  for (step in 1:5) b <- b - solve(hessian(f, b), grad(f, b))
  b
}

# Profile of the coefficient in place j: its drop below the maximum, twice.
profile_of <- function(x, y, b, j) {
  top <- penalised(b, x, y)
  function(value) {
    held <- function(free) penalised(append(free, value, after = j - 1), x, y)
    slope <- solve(crossprod(x[, -j]), crossprod(x[, -j], x[, j]))
    start <- b[-j] - (value - b[j]) * drop(slope)
    2 * (top - held(maximise(held, start)))
  }
}

# ---- Covariances ----------------------------------------------------------------------------

inverse_information <- function(x, b) {
  p <- plogis(drop(x %*% b))
  solve(t(x) %*% (p * (1 - p) * x))
}

robust <- function(x, y, b, cluster = NULL) {
  bread <- inverse_information(x, b)
  scores <- x * (y - plogis(drop(x %*% b)))
  n <- nrow(x)
  factor <- n / (n - ncol(x))
  if (!is.null(cluster)) {
    scores <- rowsum(scores, cluster)
    factor <- nrow(scores) / (nrow(scores) - 1)
  }
  factor * bread %*% crossprod(scores) %*% bread
}

# ---- Hybrid score interval ------------------------------------------------------------------

wilson <- function(p, n, q) {
  middle <- (p + q^2 / (2 * n)) / (1 + q^2 / n)
  reach <- q / (1 + q^2 / n) * sqrt(p * (1 - p) / n + q^2 / (4 * n^2))
  middle + c(-reach, reach)
}

hybrid <- function(rates, v, q) {
  one <- wilson(rates[1], rates[1] * (1 - rates[1]) / v[1, 1], q)
  two <- wilson(rates[2], rates[2] * (1 - rates[2]) / v[2, 2], q)
  r <- v[1, 2] / sqrt(v[1, 1] * v[2, 2])
  reach <- function(a, b) sqrt(a^2 + b^2 - 2 * r * a * b)
  gap <- rates[1] - rates[2]
  c(
    gap - reach(rates[1] - one[1], two[2] - rates[2]),
    gap + reach(one[2] - rates[1], rates[2] - two[1])
  )
}

hybrid_p <- function(rates, v, df) {
  nearest <- if (rates[1] > rates[2]) 1 else 2
  end <- function(q) hybrid(rates, v, q)[nearest]
  2 * pt(-uniroot(end, c(1e-6, 50), tol = 1e-13)$root, df)
}

# ---- Firth ----------------------------------------------------------------------------------

firth <- function(data, formula, cluster = NULL) {
  x <- model.matrix(formula, data)
  y <- data$y
  f <- function(b) penalised(b, x, y)
  b <- maximise(f, rep(0, ncol(x)))
  j <- which(colnames(x) == "group")
  df <- if (is.null(cluster)) Inf else length(unique(cluster)) - 1
  q <- qt(1 - alpha / 2, df)
  bread <- inverse_information(x, b)
  sandwich <- robust(x, y, b, cluster)
  rates_of <- function(b) {
    sapply(c(1, 0), function(value) {
      x[, "group"] <- value
      mean(plogis(drop(x %*% b)))
    })
  }
  gradients <- jacobian(rates_of, b)
  use <- sandwich
  variance <- function(v) drop(c(1, -1) %*% gradients %*% v %*% t(gradients) %*% c(1, -1))
  flat <- any(tapply(y, data$group, mean) %in% c(0, 1))
  if (flat && variance(bread) > variance(sandwich)) use <- bread
  rates <- rates_of(b)
  v <- gradients %*% use %*% t(gradients)
  inflation <- if (is.null(cluster)) 1 else sandwich[j, j] / bread[j, j]
  if (flat) inflation <- max(1, inflation)
  drop_at <- profile_of(x, y, b, j)
  scaled <- function(value) drop_at(value) / inflation
  width <- 8 * sqrt(inflation * bread[j, j])
  limit <- function(end) {
    uniroot(function(value) scaled(value) - q^2, sort(c(b[j], b[j] + end * width)), tol = 1e-9)$root
  }
  list(
    terms = colnames(x),
    coefficients = b,
    inverse_information = diag(bread),
    profile = c(limit(-1), limit(1)),
    ratio_test = 2 * pt(-sqrt(scaled(0)), df),
    rates = rates,
    error = sqrt(variance(use)),
    interval = hybrid(rates, v, q),
    p_value = hybrid_p(rates, v, df)
  )
}

# ---- Power and equivalence ------------------------------------------------------------------

detectable <- function(data, formula, cluster = NULL) {
  fit <- glm(formula, binomial, data, epsilon = 1e-14)
  x <- model.matrix(fit)
  effect <- function(b) {
    one <- zero <- x
    one[, "group"] <- 1
    zero[, "group"] <- 0
    mean(plogis(drop(one %*% b)) - plogis(drop(zero %*% b)))
  }
  v <- if (is.null(cluster)) vcovHC(fit, type = "HC1") else vcovCL(fit, cluster, type = "HC0")
  df <- if (is.null(cluster)) Inf else length(unique(cluster)) - 1
  slope <- grad(effect, coef(fit))
  error <- sqrt(drop(slope %*% v %*% slope))
  gap <- effect(coef(fit))
  q <- qt(1 - alpha / 2, df)
  upper <- pt((gap - margin) / error, df)
  lower <- pt((gap + margin) / error, df, lower.tail = FALSE)
  list(
    gap = gap,
    error = error,
    minimal_detectable_gap = (q + qt(0.8, df)) * error,
    power = pt(margin / error - q, df) + pt(-margin / error - q, df),
    interval = gap + c(-1, 1) * qt(1 - alpha, df) * error,
    p_value = max(upper, lower)
  )
}

# ---- Cases ----------------------------------------------------------------------------------

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) stop("usage: Rscript small_groups.R DATA_DIR OUTPUT.json")
loanapp <- read.csv(file.path(arguments[1], "loanapp.csv"))
fair <- read.csv(file.path(arguments[1], "fair.csv"))

small <- subset(loanapp, chist == 0 & pubrec == 1)
clustered <- subset(fair, religious == 4 & age >= 32)
separated <- subset(clustered, group == 1 | y == 0)
of_loans <- y ~ group + male + married + factor(dep) + sch
of_couples <- y ~ group + factor(rate_marriage) + factor(age)

p <- c(0.5, 0.58)
reference <- list(
  header = list(
    command = "Rscript tests/reference/small_groups.R DATA_DIR tests/reference/small_groups.json",
    r = as.character(getRversion()),
    packages = lapply(
      list(numDeriv = "numDeriv", sandwich = "sandwich"),
      function(package) as.character(packageVersion(package))
    )
  ),
  firth = list(
    small = firth(small, of_loans),
    separated = firth(separated, of_couples),
    clustered = firth(clustered, of_couples, clustered$cluster_occupations),
    separated_clustered = firth(separated, of_couples, separated$cluster_occupations)
  ),
  detectable = list(
    small = detectable(small, of_loans),
    clustered = detectable(clustered, of_couples, clustered$cluster_occupations)
  ),
  two_proportions = list(
    n = 600,
    rates = p,
    power = power.prop.test(n = 600, p1 = p[1], p2 = p[2], strict = TRUE)$power,
    detectable_rate = power.prop.test(n = 600, p1 = p[1], power = 0.8)$p2
  )
)
writeLines(to_json(reference), arguments[2])
