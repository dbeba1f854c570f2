# Reference values for the logit with a random intercept of each combination of traits.
#
# Usage: Rscript tests/reference/intersections.R DATA_DIR OUTPUT.json
# where DATA_DIR holds the files written by export_data.py. See README.md for the definitions.

suppressMessages(library(lme4))

NODES <- 25
SIGMAS <- c(0.05, 0.2, 0.5, 1)

# ---- Data -----------------------------------------------------------------------------------

# Counts of the combinations of 0/1 traits, in the order of the traits' values.
count_strata <- function(data, traits) {
  strata <- aggregate(
    cbind(n = rep(1, nrow(data)), successes = data$y), data[traits], sum
  )
  strata <- strata[do.call(order, strata[traits]), ]
  strata$stratum <- factor(seq_len(nrow(strata)))
  strata
}

read_cases <- function(directory) {
  loanapp <- read.csv(file.path(directory, "loanapp.csv"))
  fair <- read.csv(file.path(directory, "fair.csv"))
  fair <- data.frame(
    y = fair$y, children = fair$group, older = +(fair$age >= 32),
    devout = +(fair$religious >= 3), unhappy = +(fair$rate_marriage <= 3),
    graduate = +(fair$educ >= 16)
  )
  list(
    loanapp = count_strata(loanapp, c("male", "married", "sch", "chist", "pubrec")),
    fair = count_strata(fair, c("children", "older", "devout", "unhappy", "graduate"))
  )
}

# ---- Fits -----------------------------------------------------------------------------------

fit <- function(strata, terms) {
  formula <- reformulate(c(terms, "(1 | stratum)"), "cbind(successes, n - successes)")
  control <- glmerControl(
    optimizer = "Nelder_Mead", tolPwrss = 1e-13,
    optCtrl = list(maxfun = 1e5, FtolAbs = 1e-13, FtolRel = 1e-15, XtolRel = 1e-10)
  )
  suppressWarnings(
    glmer(formula, family = binomial, data = strata, nAGQ = NODES, control = control)
  )
}

log_binomial <- function(k, n, index) {
  lchoose(n, k) + k * plogis(index, log.p = TRUE) +
    (n - k) * plogis(index, lower.tail = FALSE, log.p = TRUE)
}

# The likelihood integrated by R's adaptive quadrature of any function, not Gauss-Hermite, in the
# metric of the mode: independent of lme4 and of its number of nodes.
log_likelihood <- function(beta, sigma, x, strata) {
  index <- drop(x %*% beta)
  sum(mapply(function(index, n, k) {
    target <- function(z) log_binomial(k, n, index + sigma * z) + dnorm(z, log = TRUE)
    mode <- optimize(target, c(-40, 40), maximum = TRUE, tol = 1e-10)$maximum
    p <- plogis(index + sigma * mode)
    scale <- 1 / sqrt(1 + sigma^2 * n * p * (1 - p))
    top <- target(mode)
    inside <- function(t) exp(target(mode + scale * t) - top)
    top + log(scale * integrate(inside, -12, 12, rel.tol = 1e-12, subdivisions = 1000L)$value)
  }, index, strata$n, strata$successes))
}

# Maximum over the coefficients at a given sigma.
profile_at <- function(sigma, x, strata, start) {
  objective <- function(beta) -log_likelihood(beta, sigma, x, strata)
  optim(start, objective, method = "BFGS", control = list(reltol = 1e-14, maxit = 500))$value * -1
}

# Posterior mean of a function of the index and z in each stratum, at given parameters.
posterior_means <- function(f, beta, sigma, x, strata) {
  index <- drop(x %*% beta)
  mapply(function(index, n, k) {
    target <- function(z) log_binomial(k, n, index + sigma * z) + dnorm(z, log = TRUE)
    best <- optimize(target, c(-40, 40), maximum = TRUE, tol = 1e-10)
    p <- plogis(index + sigma * best$maximum)
    scale <- 1 / sqrt(1 + sigma^2 * n * p * (1 - p))
    mass <- function(g) {
      inside <- function(t) {
        z <- best$maximum + scale * t
        g(index + sigma * z, z, n, k) * exp(target(z) - best$objective)
      }
      integrate(inside, -12, 12, rel.tol = 1e-11, abs.tol = 1e-13, subdivisions = 1000L)$value
    }
    mass(f) / mass(function(index, z, n, k) 1)
  }, index, strata$n, strata$successes)
}

# lme4 compares values of the likelihood, which is flat at its maximum, so its estimates hold five
# digits only. Newton's steps on the score, whose Jacobian is by central differences, go on from
# them. At the boundary, sigma = 0, they are the estimates of the ordinary logit, which it meets.
polish <- function(beta, sigma, x, strata) {
  if (sigma == 0) {
    logit <- glm.fit(x, cbind(strata$successes, strata$n - strata$successes),
                     family = binomial(), control = list(epsilon = 1e-14))
    return(list(beta = unname(logit$coefficients), sigma = 0))
  }
  score <- function(at) {
    beta <- at[-length(at)]
    sigma <- at[length(at)]
    residual <- function(index, z, n, k) k - n * plogis(index)
    means <- posterior_means(residual, beta, sigma, x, strata)
    slopes <- posterior_means(
      function(index, z, n, k) residual(index, z, n, k) * z, beta, sigma, x, strata
    )
    c(drop(means %*% x), sum(slopes))
  }
  at <- c(beta, sigma)
  for (round in 1:4) {
    jacobian <- vapply(seq_along(at), function(i) {
      h <- replace(numeric(length(at)), i, 1e-4)
      (score(at + h) - score(at - h)) / 2e-4
    }, at)
    at <- at - solve(jacobian, score(at))
  }
  list(beta = at[-length(at)], sigma = at[length(at)])
}

export_fit <- function(strata, terms) {
  model <- fit(strata, terms)
  x <- model.matrix(model)
  beta <- unname(fixef(model))
  sigma <- unname(getME(model, "theta"))
  found <- polish(beta, sigma, x, strata)
  list(
    lme4 = list(
      coefficients = beta,
      sigma = sigma,
      log_likelihood = as.numeric(logLik(model)),
      modes = unname(ranef(model)$stratum[, 1])
    ),
    coefficients = found$beta,
    sigma = found$sigma,
    log_likelihood = log_likelihood(found$beta, found$sigma, x, strata),
    shrunk_rates = unname(posterior_means(
      function(index, z, n, k) plogis(index), found$beta, found$sigma, x, strata
    )),
    profile = vapply(SIGMAS, profile_at, 0, x = x, strata = strata, start = beta)
  )
}

# ---- Output ---------------------------------------------------------------------------------

# jsonlite stops at 15 significant digits; 17 are needed to give every double back exactly.
to_json <- function(x, indent = "") {
  inner <- paste0(indent, "  ")
  if (is.list(x)) {
    values <- vapply(x, to_json, "", indent = inner)
    fields <- paste0(inner, "\"", names(x), "\": ", values, collapse = ",\n")
    return(paste0("{\n", fields, "\n", indent, "}"))
  }
  stopifnot(!anyNA(x), !is.numeric(x) || all(is.finite(x)))
  items <- if (is.character(x)) paste0("\"", x, "\"") else sprintf("%.17g", x)
  if (length(x) == 1) items else paste0("[", paste(items, collapse = ", "), "]")
}

arguments <- commandArgs(trailingOnly = TRUE)
cases <- read_cases(arguments[1])
values <- lapply(cases, function(strata) {
  traits <- setdiff(names(strata), c("n", "successes", "stratum"))
  list(
    traits = traits, n = as.numeric(strata$n), successes = as.numeric(strata$successes),
    null = export_fit(strata, "1"), additive = export_fit(strata, traits)
  )
})
header <- list(
  command = "Rscript tests/reference/intersections.R DATA_DIR tests/reference/intersections.json",
  R = as.character(getRversion()), lme4 = as.character(packageVersion("lme4")), sigmas = SIGMAS
)
writeLines(to_json(c(list(header = header), values)), arguments[2])
