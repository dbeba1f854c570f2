# Reference values for the change of a gap between two cohorts, and for its two parts.
#
# Usage: Rscript tests/reference/journey.R DATA_DIR OUTPUT.json
# where DATA_DIR holds the files written by export_data.py. See README.md for the definitions.

suppressMessages({
  library(sandwich)
  library(clubSandwich)
})

to_json <- function(x) {
  if (is.list(x)) {
    fields <- vapply(names(x), function(name) sprintf("\"%s\": %s", name, to_json(x[[name]])), "")
    return(paste0("{", paste(fields, collapse = ", "), "}"))
  }
  if (is.character(x)) sprintf("\"%s\"", x) else sprintf("%.17g", x)
}

# A second call from the solution: glm keeps the weights of its last but one coefficients.
fit_logit <- function(formula, data) {
  fit <- function(start) {
    glm(formula, data = data, family = binomial(), start = start,
        control = glm.control(epsilon = 1e-14, maxit = 100))
  }
  fit(coef(fit(NULL)))
}

gradient_of <- function(f, at) {
  sapply(seq_along(at), function(j) {
    h <- 1e-5
    step <- replace(numeric(length(at)), j, h)
    # Fourth order, so that a step this wide leaves eight digits.
    (8 * (f(at + step) - f(at - step)) - (f(at + 2 * step) - f(at - 2 * step))) / (12 * h)
  })
}

# ---- Change of the adjusted gap: one logit in which everything may differ by cohort -------------

adjusted_change <- function(data, clusters, covariates) {
  formula <- as.formula(paste("y ~ later * (group +", paste(covariates, collapse = " + "), ")"))
  fit <- fit_logit(formula, data)
  x <- function(value) {
    changed <- data
    changed$group <- value
    model.matrix(formula, changed)
  }
  with <- x(1)
  without <- x(0)
  later <- data$later == 1
  change <- function(beta) {
    effect <- plogis(drop(with %*% beta)) - plogis(drop(without %*% beta))
    mean(effect[later]) - mean(effect[!later])
  }
  slope <- gradient_of(change, coef(fit))
  error <- function(v) sqrt(drop(slope %*% v %*% slope))
  list(
    estimate = change(coef(fit)),
    hc1 = error(vcovHC(fit, type = "HC1")),
    cluster = lapply(clusters, function(cluster) {
      error(vcovCL(fit, cluster = cluster, type = "HC0", cadjust = TRUE))
    })
  )
}

# ---- Change of the raw gap: a difference of differences -----------------------------------------

raw_change <- function(data, clusters) {
  fit <- lm(y ~ group * later, data = data)
  error <- function(v) sqrt(v["group:later", "group:later"])
  list(
    estimate = unname(coef(fit)["group:later"]),
    hc1 = error(vcovHC(fit, type = "HC1")),
    cluster = lapply(clusters, function(cluster) {
      error(vcovCL(fit, cluster = cluster, type = "HC1", cadjust = TRUE))
    }),
    cr2 = lapply(clusters, function(cluster) {
      test <- coef_test(fit, vcov = "CR2", cluster = cluster, test = "Satterthwaite")
      row <- names(coef(fit)) == "group:later"
      list(se = test$SE[row], df = test$df_Satt[row])
    })
  )
}

# ---- Composition or rates -----------------------------------------------------------------------

# The two parts as functions of the logit's coefficients and of the persons' weights, so that the
# influence of a person is a derivative, not a formula.
split_change <- function(data, clusters, covariates) {
  formula <- as.formula(paste("y ~ group * later +", paste(covariates, collapse = " + ")))
  fit <- fit_logit(formula, data)
  predicted <- function(beta, later) {
    changed <- data
    changed$later <- later
    plogis(drop(model.matrix(formula, changed) %*% beta))
  }
  parts <- function(beta, weights = rep(1, nrow(data))) {
    before <- predicted(beta, 0)
    after <- predicted(beta, 1)
    mean_of <- function(values, group, later) {
      own <- data$group == group & data$later == later
      sum(weights[own] * values[own]) / sum(weights[own])
    }
    side <- function(group) {
      level <- (before + after) / 2
      step <- after - before
      c(
        composition = mean_of(level, group, 1) - mean_of(level, group, 0),
        rates = (mean_of(step, group, 0) + mean_of(step, group, 1)) / 2
      )
    }
    side(1) - side(0)
  }
  beta <- coef(fit)
  found <- parts(beta)
  slopes <- sapply(1:2, function(part) gradient_of(function(b) parts(b)[part], beta))
  # estfun and bread are sandwich's: influence on the coefficients, a row a person.
  through <- estfun(fit) %*% bread(fit) / nrow(data)
  # The parts are ratios of sums: an infinitesimal weight of each of the four kinds and patterns.
  pattern <- interaction(data[c("group", "later", covariates)], drop = TRUE)
  own <- t(sapply(levels(pattern), function(level) {
    person <- which(pattern == level)[1]
    h <- 1e-4
    moved <- function(s) parts(beta, replace(rep(1, nrow(data)), person, 1 + s * h))
    (moved(1) - moved(-1)) / (2 * h)
  }))
  influence <- through %*% slopes + own[as.character(pattern), ]
  clustered <- function(values, cluster) {
    sums <- tapply(values, cluster, sum)
    sqrt(length(sums) / (length(sums) - 1) * sum(sums^2))
  }
  raw <- function(group, later) mean(data$y[data$group == group & data$later == later])
  change <- raw(1, 1) - raw(0, 1) - raw(1, 0) + raw(0, 0)
  stopifnot(abs(sum(found) - change) < 1e-10)
  sapply(names(found), simplify = FALSE, FUN = function(part) {
    values <- influence[, match(part, names(found))]
    list(
      estimate = unname(found[part]),
      hc0 = sqrt(sum(values^2)),
      cluster = lapply(clusters, function(cluster) clustered(values, cluster))
    )
  })
}

# ---- Run ----------------------------------------------------------------------------------------

data_set <- function(data_dir, name, later, covariates, clusters) {
  message(name)
  data <- read.csv(file.path(data_dir, paste0(name, ".csv")))
  data$later <- as.numeric(later(data))
  data[covariates] <- lapply(data[covariates], factor)
  held <- setNames(data[paste0("cluster_", clusters)], clusters)
  list(
    raw = raw_change(data, held),
    adjusted = adjusted_change(data, held, covariates),
    split = split_change(data, held, covariates)
  )
}

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) stop("usage: Rscript journey.R DATA_DIR OUTPUT.json")
reference <- list(
  header = list(
    command = "Rscript tests/reference/journey.R DATA_DIR tests/reference/journey.json",
    r = as.character(getRversion()),
    sandwich = as.character(packageVersion("sandwich")),
    clubSandwich = as.character(packageVersion("clubSandwich"))
  ),
  loanapp = data_set(arguments[1], "loanapp", function(d) d$married == 1,
                     c("male", "dep", "sch", "chist", "pubrec"), "unem"),
  fair = data_set(arguments[1], "fair", function(d) d$religious >= 3,
                  c("rate_marriage", "age", "educ"), c("occupations", "cell"))
)
writeLines(to_json(reference), arguments[2])
