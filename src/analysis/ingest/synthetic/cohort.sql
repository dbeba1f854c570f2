-- The generated cohort, from the counts of each stratum (table quotas, a row a year and stratum)
-- and the levels of age, country and path in it (tables age, country, path, a row a slot).
--
-- Every draw is a hash of seed, variable and person. Whoever has the highest index of effects and
-- logistic noise in a stratum reaches the next stage, as many as the counts ask for: a logit whose
-- intercept makes them exact.

-- 52 bits, so that the half fits into a double, and the draw is neither 0 nor 1.
create macro u(variable, n) as (cast(
    hash(getvariable('seed') || ':' || variable || ':' || n) >> 12 as double
) + 0.5) / 4503599627370496;
create macro noise(variable, n) as ln(u(variable, n)) - ln(1 - u(variable, n));
create macro whole(variable, n, below) as cast(floor(u(variable, n) * below) as integer);
-- Names in an order that tells nothing; the factor has no common divisor with ten.
create macro scrambled(n) as lpad(cast((n * 6364136223) % 10000000000 as varchar), 10, '0');
create macro person_name(n) as getvariable('prefix') || scrambled(n);

-- Applicants, up to the start ------------------------------------------------------------------

create temp table applicants as
select p.year, p.stratum, p.n,
    make_date(p.year, 1, 1) + whole('applied', p.n, 250) as applied,
    age.level as age_band, country.level as country, path.level as path,
    whole('birth', p.n, age.oldest - age.youngest + 1) + age.youngest as age,
    age.admission + country.admission + path.admission as admission,
    age.start + country.start + path.start as start,
    age.funding + country.funding + path.funding as paid_for,
    age.graduation + country.graduation + path.graduation as graduation,
    age.placement + country.placement + path.placement as placement
from (select stratum, year, unnest(range(first, last)) as n from quotas) p
join age on age.stratum = p.stratum and age.slot = whole('age', p.n, 1000)
join country on country.stratum = p.stratum and country.slot = whole('country', p.n, 1000)
join path on path.stratum = p.stratum and path.slot = whole('path', p.n, 1000);

create temp table begun as
with ranked as (
    select a.*, q.students, row_number() over (
        partition by year, stratum order by admission + noise('admission', n) desc, n
    ) <= q.candidates as is_admitted
    from applicants a join quotas q using (year, stratum)
), started as (
    select *, is_admitted and row_number() over (
        partition by year, stratum, is_admitted order by start + noise('start', n) desc, n
    ) <= students as is_student
    from ranked
)
select * exclude students,
    case when is_admitted then applied + 3 + whole('admitted', n, 25) end as admitted,
    case when is_student then admitted + 7 + whole('started', n, 45) end as started
from started;

-- Students: funding and gender, then graduation, placement, answers ----------------------------

create temp table students as
with numbered as (
    select *,
        row_number() over (
            partition by year, stratum order by paid_for + noise('funding', n) desc, n
        ) as turn_funding,
        row_number() over (
            partition by year, stratum order by u('gender', n), n
        ) <= women as is_woman
    from begun join quotas using (year, stratum) where is_student
), described as (
    select * exclude (paid_for, start, admission),
        case
            when turn_funding <= apprenticeship then 'apprenticeship'
            when turn_funding <= apprenticeship + public then 'public'
            when turn_funding <= apprenticeship + public + employer then 'employer'
            when turn_funding <= apprenticeship + public + employer + other then 'other'
            else 'individual'
        end as funding
    from numbered
), with_graduates as (
    select *, row_number() over (
        partition by year, stratum
        order by graduation + if(is_woman, getvariable('woman_graduation'), 0)
            + noise('graduation', n) desc, n
    ) <= graduates as is_graduate
    from described
), with_placed as (
    select *, is_graduate and row_number() over (
        partition by year, stratum, is_graduate
        order by placement + if(is_woman, getvariable('woman_placement'), 0)
            + noise('placement', n) desc, n
    ) <= placed as is_placed
    from with_graduates
), with_answers as (
    select *, is_graduate and row_number() over (
        partition by year, stratum, is_graduate, is_placed order by u('answered', n), n
    ) <= if(is_placed, placed_respondents, respondents - placed_respondents) as is_respondent
    from with_placed
), dated as (
    select *,
        make_date(year + 1, 1, 1) + cast(
            least((started - make_date(year, 1, 1)) + whole('expected', n, 30), 364) as integer
        ) as expected
    from with_answers
)
select n, stratum, year, age_band, path, funding, started, expected,
    is_woman, is_graduate, is_placed, is_respondent,
    case when is_graduate then
        greatest(least(expected - 40 + whole('graduated', n, 80), make_date(year + 1, 12, 31)),
                 make_date(year + 1, 1, 1))
    end as graduation_day,
    started + 20 + whole('withdrawn', n, 320) as withdrawal_day,
    u('withdraws', n) < 0.6 as withdraws
from dated;

create temp table graduates as
select * exclude is_respondent,
    graduation_day + whole('placed', n, 180) as placement_day,
    cast(graduation_day + interval 6 months as date) as sent_6,
    cast(graduation_day + interval 12 months as date) as sent_12,
    sent_6 + whole('answered 6', n, 30) as answered_6,
    sent_12 + whole('answered 12', n, 30) as answered_12,
    s.is_respondent and answered_6 <= getvariable('day') as is_respondent,
    not is_placed and u('placed late', n) < 0.35 as is_placed_late,
    graduation_day + 190 + whole('late', n, 160) as late_day,
    u('answers 12', n) < if(is_placed or is_placed_late, 0.4, 0.3)
        and answered_12 <= getvariable('day') as is_respondent_12,
    u('followed up', n) < getvariable('followed_up') as is_followed_up
from students s
where is_graduate and graduation_day <= getvariable('day');

-- Career outcomes ------------------------------------------------------------------------------

create temp table placements as
select n, funding, occurred,
    case when is_known then told else occurred + whole('reported', n, 60) end as reported,
    if(is_known, 'survey', 'database') as source
from (
    select n, funding, placement_day as occurred, is_respondent as is_known, answered_6 as told,
        is_followed_up
    from graduates where is_placed
    union all
    select n, funding, late_day, is_respondent_12, answered_12, is_followed_up
    from graduates where is_placed_late
)
where (is_known or is_followed_up) and reported <= getvariable('day');

-- Students on their way who declare an outcome: as many as the published numbers still ask for.
create temp table declared as
with waiting as (
    select n, funding,
        greatest(started, date '2022-01-01') as earliest,
        earliest + cast(floor(u('declared', n) * (date '2022-12-31' - earliest)) as integer)
            as occurred,
        row_number() over (
            partition by funding = 'apprenticeship' order by u('declares', n), n
        ) as turn
    from students where not is_graduate
), missing as (
    select
        getvariable('apprentice_outcomes') - count(*) filter (funding = 'apprenticeship')
            as apprentices,
        getvariable('path_outcomes') - getvariable('apprentice_outcomes')
            - count(*) filter (funding <> 'apprenticeship') as others
    from placements where year(occurred) = 2022
)
select n, funding, occurred, occurred + whole('reported', n, 60) as reported,
    'declaration' as source
from waiting, missing
where turn <= if(funding = 'apprenticeship', apprentices, others);

create temp table of_paths as
from placements union all from declared;

-- Learners of free courses: what is missing to the outcomes of each year. The day of a later year
-- is never less than twelve months after that of an earlier one.
create temp table free_learners as
select unnest(range(getvariable('applicants'), getvariable('persons'))) as n;

create temp table of_free as
with wanted as (
    select t.year, t.outcomes - coalesce(p.outcomes, 0) as wanted,
        wanted / (getvariable('persons') - getvariable('applicants')) as share
    from totals t
    left join (
        select year(occurred) as year, count(*) as outcomes from of_paths group by all
    ) p using (year)
), likely as (
    -- Only the lowest draws need to be put in order; the margin is many standard errors.
    select w.year, w.wanted, f.n, u('outcome ' || w.year, f.n) as draw
    from wanted w cross join free_learners f
    where draw < w.share + 0.02
)
select year, n,
    make_date(year, 1, 1) + whole('day', n, 330)
        + cast((year - 2020) * whole('drift', n, 15) as integer) as occurred
from (
    select *, row_number() over (partition by year order by draw, n) as turn from likely
)
where turn <= wanted;

create temp table outcomes as
with first as (
    select n, occurred, least(reported, getvariable('day')) as reported, source,
        u('kind', n) as kind, u('again', n) < 0.1 as again
    from of_paths
    union all
    select n, occurred, occurred + whole('reported ' || year, n, 90), 'declaration',
        u('kind ' || year, n), u('again ' || year, n) < 0.1
    from of_free
), named as (
    select *, case
        when kind < 0.45 then 'job' when kind < 0.55 then 'internship'
        when kind < 0.65 then 'apprenticeship' when kind < 0.72 then 'business'
        when kind < 0.9 then 'title_or_raise' else 'internal_mobility' end as name
    from first
), second as (
    -- Told again within twelve months: the rule counts a person once.
    select n, if(name = 'title_or_raise', 'job', 'title_or_raise') as name,
        occurred + 20 + whole('later', n, 300) as occurred
    from named where again
)
select n, name as kind, occurred, least(reported, getvariable('day')) as reported, source from named
union all
select n, name, occurred, occurred, 'declaration' from second
where occurred <= getvariable('day');
