# Reference values for means under non-response: weighted, by regression, doubly robust.
#
# Usage: Rscript tests/reference/response.R CATTANEO.csv OUTPUT.json
# where CATTANEO.csv is statsmodels/treatment/tests/results/cataneo2.csv of the statsmodels wheel.
#
# Everything is an M-estimator: its estimating functions are written down for one row, and both
# derivatives and covariances come from the generic sandwich below, by numerical differentiation.
# Base R alone; nothing is shared with the formulas of influences that the project uses.

arguments <- commandArgs(trailingOnly = TRUE)
births <- read.csv(arguments[1], stringsAsFactors = FALSE)

# ---- JSON: 17 digits give every double back exactly ------------------------------------------

to_json <- function(x, indent = "") {
  inner <- paste0(indent, "  ")
  if (is.list(x) || !is.null(names(x))) {
    values <- vapply(as.list(x), to_json, "", indent = inner)
    fields <- paste0(inner, "\"", names(x), "\": ", values, collapse = ",\n")
    return(paste0("{\n", fields, "\n", indent, "}"))
  }
  stopifnot(!anyNA(x), !is.numeric(x) || all(is.finite(x)))
  items <- if (is.character(x)) paste0("\"", x, "\"") else sprintf("%.17g", x)
  if (length(x) == 1) items else paste0("[", paste(items, collapse = ", "), "]")
}

# ---- Generic M-estimation (Stefanski and Boos 2002) -------------------------------------------

# Derivative of the mean estimating function, by central differences of fourth order.
jacobian <- function(f, theta) {
  sapply(seq_along(theta), function(j) {
    step <- 1e-4 * max(1, abs(theta[j]))
    at <- function(k) f(replace(theta, j, theta[j] + k * step))
    (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * step)
  })
}

# Covariance of theta; psi(theta) is a matrix, rows by estimating functions.
sandwich <- function(psi, theta, cluster = NULL) {
  scores <- psi(theta)
  stopifnot(abs(colMeans(scores)) < 1e-8 * (1 + apply(abs(scores), 2, mean)))
  bread <- solve(jacobian(function(x) colMeans(psi(x)), theta))
  factor <- 1
  if (!is.null(cluster)) {
    scores_by_cluster <- rowsum(scores, cluster)
    groups <- nrow(scores_by_cluster)
    factor <- groups / (groups - 1)
    meat <- crossprod(scores_by_cluster)
  } else {
    meat <- crossprod(scores)
  }
  factor * bread %*% meat %*% t(bread) / nrow(scores)^2
}

fit <- function(x, y, family) {
  control <- glm.control(epsilon = 1e-15, maxit = 100)
  unname(coef(suppressWarnings(glm.fit(x, y, family = family, control = control))))
}

probit_score <- function(x, y, beta) {
  index <- drop(x %*% beta)
  p <- pnorm(index)
  x * (dnorm(index) * (y - p) / (p * (1 - p)))
}
logit_score <- function(x, y, beta) x * (y - plogis(drop(x %*% beta)))

# ---- Average treatment effects (Stata's teffects) --------------------------------------------

treatment_effects <- function() {
  y <- births$bweight
  t <- births$mbsmoke_
  z <- cbind(1, births$prenatal1_, births$mmarried_, births$mage, births$fbaby_)
  # Scaled, so that one step of the differences suits every coefficient.
  age <- births$mage / 20 - 1
  x <- cbind(1, births$mmarried_, age, age^2, births$fbaby_, births$medu / 10)
  k <- ncol(x)
  q <- ncol(z)
  beta <- fit(x, t, binomial("probit"))
  gamma1 <- solve(crossprod(z * t), crossprod(z, t * y))
  gamma0 <- solve(crossprod(z * (1 - t)), crossprod(z, (1 - t) * y))
  p <- pnorm(drop(x %*% beta))
  m1 <- drop(z %*% gamma1)
  m0 <- drop(z %*% gamma0)
  found <- function(psi, start, means) {
    theta <- c(start, means)
    v <- sandwich(psi, theta)
    last <- length(theta) - 1:0
    list(estimate = means[1] - means[2],
         std_error = sqrt(v[last[1], last[1]] + v[last[2], last[2]] - 2 * v[last[1], last[2]]))
  }
  outcome_scores <- function(theta) {
    g1 <- theta[1:q]
    g0 <- theta[q + 1:q]
    cbind(z * (t * (y - drop(z %*% g1))), z * ((1 - t) * (y - drop(z %*% g0))))
  }
  list(
    regression = found(
      function(theta) cbind(
        outcome_scores(theta),
        drop(z %*% theta[1:q]) - theta[2 * q + 1],
        drop(z %*% theta[q + 1:q]) - theta[2 * q + 2]
      ),
      c(gamma1, gamma0), c(mean(m1), mean(m0))
    ),
    weighted = found(
      function(theta) {
        p <- pnorm(drop(x %*% theta[1:k]))
        cbind(probit_score(x, t, theta[1:k]),
              t / p * (y - theta[k + 1]),
              (1 - t) / (1 - p) * (y - theta[k + 2]))
      },
      beta, c(weighted.mean(y, t / p), weighted.mean(y, (1 - t) / (1 - p)))
    ),
    doubly_robust = found(
      function(theta) {
        p <- pnorm(drop(x %*% theta[1:k]))
        g <- theta[k + 1:(2 * q)]
        m1 <- drop(z %*% g[1:q])
        m0 <- drop(z %*% g[q + 1:q])
        cbind(probit_score(x, t, theta[1:k]), outcome_scores(g),
              m1 + t / p * (y - m1) - theta[k + 2 * q + 1],
              m0 + (1 - t) / (1 - p) * (y - m0) - theta[k + 2 * q + 2])
      },
      c(beta, gamma1, gamma0),
      c(mean(m1 + t / p * (y - m1)), mean(m0 + (1 - t) / (1 - p) * (y - m0)))
    )
  )
}

# ---- Rates of two sides of a survey -----------------------------------------------------------

# Asked: everyone. Group: mothers who smoke. Answered: prenatal care in the first trimester.
# Outcome, known of those alone who answered: a birth weight of 3,200 g or more.
survey_frame <- function(rows) {
  data <- births[rows, ]
  data.frame(
    member = data$mbsmoke_ == 1,
    answered = data$prenatal1_,
    y = as.numeric(data$bweight >= 3200) * data$prenatal1_,
    married = factor(data$mmarried_),
    first = factor(data$fbaby_),
    age = cut(data$mage, c(0, 20, 25, 30, 99)),
    month = data$birthmonth
  )
}

survey_rates <- function(data, pooled) {
  adjusters <- model.matrix(~ married + first + age, data)
  member <- as.numeric(data$member)
  # Apart: every coefficient differs between the sides.
  x <- if (pooled) cbind(adjusters, member) else cbind(adjusters * member, adjusters * (1 - member))
  r <- data$answered
  y <- data$y
  k <- ncol(x)
  beta <- fit(x, r, binomial())
  told <- r == 1
  gamma <- fit(x[told, ], y[told], binomial())
  p <- plogis(drop(x %*% beta))
  m <- plogis(drop(x %*% gamma))
  sides <- list(member, 1 - member)
  two <- function(values) vapply(sides, function(side) weighted.mean(values, side), 0)
  weighted <- vapply(sides, function(side) weighted.mean(y, side * r / p), 0)
  robust <- two(m + r / p * (y - m))
  psi <- list(
    respondents = function(theta) {
      sapply(1:2, function(s) sides[[s]] * r * (y - theta[s]))
    },
    regression = function(theta) {
      m <- plogis(drop(x %*% theta[1:k]))
      cbind(r * logit_score(x, y, theta[1:k]),
            sapply(1:2, function(s) sides[[s]] * (m - theta[k + s])))
    },
    weighted = function(theta) {
      p <- plogis(drop(x %*% theta[1:k]))
      cbind(logit_score(x, r, theta[1:k]),
            sapply(1:2, function(s) sides[[s]] * r / p * (y - theta[k + s])))
    },
    doubly_robust = function(theta) {
      p <- plogis(drop(x %*% theta[1:k]))
      m <- plogis(drop(x %*% theta[k + 1:k]))
      cbind(logit_score(x, r, theta[1:k]), r * logit_score(x, y, theta[k + 1:k]),
            sapply(1:2, function(s) sides[[s]] * (m + r / p * (y - m) - theta[2 * k + s])))
    },
    lower = function(theta) sapply(1:2, function(s) sides[[s]] * (r * y - theta[s])),
    upper = function(theta) sapply(1:2, function(s) sides[[s]] * (r * y + 1 - r - theta[s]))
  )
  starts <- list(
    respondents = vapply(sides, function(side) weighted.mean(y, side * r), 0),
    regression = c(gamma, two(m)),
    weighted = c(beta, weighted),
    doubly_robust = c(beta, gamma, robust),
    lower = two(r * y),
    upper = two(r * y + 1 - r)
  )
  found <- lapply(names(psi), function(name) {
    theta <- starts[[name]]
    last <- length(theta) - 1:0
    entries <- function(v) list(group = v[last[1], last[1]], reference = v[last[2], last[2]],
                                across = v[last[1], last[2]])
    list(group = theta[last[1]], reference = theta[last[2]],
         hc0 = entries(sandwich(psi[[name]], theta)),
         cluster = entries(sandwich(psi[[name]], theta, data$month)))
  })
  names(found) <- names(psi)
  effective <- vapply(sides, function(side) sum(side * r / p)^2 / sum(side * r / p^2), 0)
  c(list(n = c(sum(member), sum(1 - member)),
         answered = c(sum(member * r), sum((1 - member) * r)),
         effective = effective), found)
}

# ---- Imbens and Manski (2004) -----------------------------------------------------------------

critical <- function(ratio, confidence, df = Inf) {
  f <- function(c) pt(c + ratio, df) - pt(-c, df) - confidence
  uniroot(f, c(0, 100), tol = 1e-14)$root
}
ratios <- c(0, 0.1, 0.5, 1, 2, 5, 20)

values <- list(
  header = list(command = "Rscript tests/reference/response.R", version = R.version.string),
  treatment_effects = treatment_effects(),
  apart = survey_rates(survey_frame(seq_len(nrow(births))), pooled = FALSE),
  pooled = survey_rates(survey_frame(1:600), pooled = TRUE),
  imbens_manski = list(
    ratio = ratios,
    normal_95 = vapply(ratios, critical, 0, confidence = 0.95),
    normal_90 = vapply(ratios, critical, 0, confidence = 0.90),
    t21_95 = vapply(ratios, critical, 0, confidence = 0.95, df = 21)
  )
)
writeLines(to_json(values), arguments[2])
