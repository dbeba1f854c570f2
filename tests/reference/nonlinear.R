# Reference values for the decompositions by the logit and for the bootstrapped adjusted gap.
#
# Usage: Rscript tests/reference/nonlinear.R DATA_DIR OUTPUT.json
# where DATA_DIR holds the files written by export_data.py. See README.md for the definitions.

suppressMessages(library(boot))

# ---- JSON: as in regressions.R -----------------------------------------------------------------

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

# ---- Data ---------------------------------------------------------------------------------------

read_frame <- function(path, covariates) {
  data <- read.csv(path)
  data[covariates] <- lapply(data[covariates], function(x) {
    factor(x, levels = sort(unique(x), method = "radix"))
  })
  data
}

# Coefficients at the solution itself; fractional weights need the quasi family.
fit <- function(formula, data, weights = rep(1, nrow(data)), start = NULL) {
  environment(formula) <- environment()
  control <- glm.control(epsilon = 1e-14, maxit = 100)
  glm(formula, data = data, weights = weights, family = quasibinomial(), start = start,
      control = control)
}

# ---- Yun ----------------------------------------------------------------------------------------

# Coefficients of every level, centred within each covariate (Yun 2005), and the intercept.
normalised <- function(model, covariates) {
  intercept <- coef(model)[["(Intercept)"]]
  levels <- list()
  for (name in covariates) {
    values <- c(0, coef(model)[paste0(name, model$xlevels[[name]][-1])])
    names(values) <- model$xlevels[[name]]
    intercept <- intercept + mean(values)
    levels[[name]] <- values - mean(values)
  }
  list(intercept = intercept, levels = levels)
}

shares <- function(x, w) tapply(w, x, sum, default = 0) / sum(w)

# All parts, of rows with weights w; `models` are the logits of the reference and of the group.
yun_values <- function(data, w, models, covariates) {
  group <- data$group == 1
  mean_of <- function(model, side) {
    weighted.mean(plogis(predict(model, data[side, ])), w[side])
  }
  reference_rate <- weighted.mean(data$y[!group], w[!group])
  group_rate <- weighted.mean(data$y[group], w[group])
  as_reference <- mean_of(models[[1]], group)
  explained <- as_reference - mean_of(models[[1]], !group)
  unexplained <- group_rate - as_reference
  own <- lapply(models, normalised, covariates = covariates)
  composition <- sapply(covariates, function(name) {
    difference <- shares(data[[name]][group], w[group]) - shares(data[[name]][!group], w[!group])
    sum(difference * own[[1]]$levels[[name]])
  })
  coefficients <- sapply(covariates, function(name) {
    difference <- own[[2]]$levels[[name]] - own[[1]]$levels[[name]]
    sum(shares(data[[name]][group], w[group]) * difference)
  })
  coefficients <- c(coefficients, intercept = own[[2]]$intercept - own[[1]]$intercept)
  c(
    difference = group_rate - reference_rate, explained = explained, unexplained = unexplained,
    setNames(explained * composition / sum(composition), paste0("explained:", covariates)),
    setNames(unexplained * coefficients / sum(coefficients),
             paste0("unexplained:", names(coefficients)))
  )
}

# Infinitesimal jackknife: derivatives of all parts by each row's weight, numerically (central
# differences of two widths, extrapolated). Rows that agree in everything have the same.
yun_influence <- function(data, models, formula, covariates, step = 0.01) {
  type <- interaction(data[c("y", "group", covariates)], drop = TRUE)
  first <- match(levels(type), type)
  group <- data$group == 1
  moved <- function(row, by) {
    w <- replace(rep(1, nrow(data)), row, 1 + by)
    side <- group == group[row]
    place <- 1 + group[row]
    changed <- models
    changed[[place]] <- fit(formula, data[side, ], w[side], coef(models[[place]]))
    yun_values(data, w, changed, covariates)
  }
  slope <- function(row, by) (moved(row, by) - moved(row, -by)) / (2 * by)
  derivatives <- t(sapply(first, function(row) {
    (4 * slope(row, step / 2) - slope(row, step)) / 3
  }))
  derivatives[as.integer(type), ]
}

yun <- function(data, covariates, clusters) {
  formula <- reformulate(covariates, response = "y")
  models <- lapply(0:1, function(side) fit(formula, data[data$group == side, ]))
  values <- yun_values(data, rep(1, nrow(data)), models, covariates)
  influence <- yun_influence(data, models, formula, covariates)
  clustered <- lapply(data[clusters], function(cluster) {
    sums <- rowsum(influence, cluster)
    sqrt(nrow(sums) / (nrow(sums) - 1) * colSums(sums^2))
  })
  # Of each side alone, for factors by side.
  sides <- lapply(0:1, function(side) colSums(influence[data$group == side, ]^2))
  list(values = values, se_hc0 = sqrt(Reduce(`+`, sides)), variance_reference = sides[[1]],
       variance_group = sides[[2]], se_cluster = clustered)
}

# ---- Fairlie ------------------------------------------------------------------------------------

orders_of <- function(items) {
  if (length(items) <= 1) return(list(items))
  unlist(lapply(seq_along(items), function(i) {
    lapply(orders_of(items[-i]), function(rest) c(items[i], rest))
  }), recursive = FALSE)
}

# By the letter: subsamples are drawn, ranked and matched, and covariates switched in all orders.
fairlie <- function(data, covariates, subsamples, seed) {
  set.seed(seed, kind = "Mersenne-Twister", sample.kind = "Rejection")
  model <- fit(reformulate(c("group", covariates), response = "y"), data)
  x <- model.matrix(model)
  assigned <- c("(Intercept)", attr(terms(model), "term.labels"))[attr(x, "assign") + 1]
  added <- sapply(covariates, function(name) {
    columns <- assigned == name
    drop(x[, columns, drop = FALSE] %*% coef(model)[columns])
  })
  constant <- coef(model)[["(Intercept)"]]
  index <- constant + rowSums(added)
  sides <- split(seq_len(nrow(data)), data$group)
  n <- min(lengths(sides))
  sets <- as.matrix(expand.grid(rep(list(c(FALSE, TRUE)), length(covariates))))
  key <- function(set) sum(set * 2^(seq_along(set) - 1)) + 1
  orders <- orders_of(seq_along(covariates))
  one <- function() {
    ranked <- lapply(sides, function(rows) {
      drawn <- if (length(rows) > n) rows[sample.int(length(rows), n)] else rows
      drawn[order(index[drawn])]
    })
    reference <- added[ranked[[1]], ]
    change <- added[ranked[[2]], ] - reference
    means <- apply(sets, 1, function(set) {
      mean(plogis(constant + rowSums(reference) + drop(change %*% set)))
    })
    parts <- numeric(length(covariates))
    for (order in orders) {
      switched <- logical(length(covariates))
      for (i in order) {
        before <- means[key(switched)]
        switched[i] <- TRUE
        parts[i] <- parts[i] + means[key(switched)] - before
      }
    }
    parts / length(orders)
  }
  drawn <- t(replicate(subsamples, one()))
  p <- plogis(index)
  list(
    gap = mean(data$y[data$group == 1]) - mean(data$y[data$group == 0]),
    explained = mean(p[data$group == 1]) - mean(p[data$group == 0]),
    parts = setNames(colMeans(drawn), covariates),
    monte_carlo_error = setNames(apply(drawn, 2, sd) / sqrt(subsamples), covariates)
  )
}

# ---- Bootstrap of the average marginal effect ---------------------------------------------------

bootstrap <- function(data, covariates, draws, seed) {
  set.seed(seed, kind = "Mersenne-Twister", sample.kind = "Rejection")
  formula <- reformulate(c("group", covariates), response = "y")
  statistic <- function(data, rows) {
    drawn <- data[rows, ]
    model <- suppressWarnings(glm(formula, data = drawn, family = binomial()))
    mean(predict(model, transform(drawn, group = 1), type = "response") -
           predict(model, transform(drawn, group = 0), type = "response"))
  }
  found <- boot(data, statistic, draws)
  limits <- boot.ci(found, type = "perc")$percent[4:5]
  list(draws = draws, estimate = found$t0, se = sd(found$t), lower_95 = limits[1],
       upper_95 = limits[2])
}

# ---- Run ----------------------------------------------------------------------------------------

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) stop("usage: Rscript nonlinear.R DATA_DIR OUTPUT.json")
data_set <- function(name, covariates, clusters, draws) {
  message(name)
  data <- read_frame(file.path(arguments[1], paste0(name, ".csv")), covariates)
  list(
    covariates = covariates,
    yun = yun(data, covariates, clusters),
    fairlie = fairlie(data, covariates, subsamples = 4000, seed = 1),
    bootstrap = bootstrap(data, covariates, draws, seed = 1)
  )
}
reference <- list(
  header = list(
    command = "Rscript tests/reference/nonlinear.R DATA_DIR tests/reference/nonlinear.json",
    r = as.character(getRversion()),
    boot = as.character(packageVersion("boot"))
  ),
  loanapp = data_set("loanapp", c("male", "married", "dep", "sch", "chist"), "cluster_unem", 2000),
  fair = data_set("fair", c("rate_marriage", "religious", "educ"),
                  c("cluster_occupations", "cluster_yrs_married"), 2000)
)
writeLines(to_json(reference), arguments[2])
