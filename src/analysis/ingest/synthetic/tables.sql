-- The six tables of the contract, from the generated cohort. Each is in the order of the persons'
-- numbers, which are whole and so fast to sort.

create temp view learners as
select person_name(n) as person, first_seen,
    case when u('visitor', n) >= 0.05 or kind = 'path' then registered end as registered, kind
from (
    select n,
        applied - 1 - whole('seen', n, 400) as first_seen,
        applied - whole('registered', n, 2) as registered,
        if(is_student, 'path', 'free') as kind
    from begun
    union all
    select n, seen, seen + whole('registered', n, 60), 'free'
    from (
        select n, date '2019-01-01' + whole('seen', n, if(o.n is null, 1400, 364)) as seen
        from free_learners f left join (select distinct n from of_free) o using (n)
    )
)
order by n;

create temp view paths as
select path, title, eqf_level from path_titles order by path;

create temp view applications as
with status as (
    select n,
        case when flag_job_seeker = 1 then 'job_seeker'
            when flag_job_seeker = 0 then case
                when u('employment', n) < 0.7 then 'employed' when u('employment', n) < 0.78
                then 'self_employed' when u('employment', n) < 0.95 then 'student'
                else 'inactive' end end as employment_status,
        case when flag_low_qualification = 1 then case
                when u('eqf', n) < 0.06 then 0 when u('eqf', n) < 0.12 then 2
                when u('eqf', n) < 0.36 then 3 else 4 end
            when flag_low_qualification = 0 then case
                when u('eqf', n) < 0.3 then 5 when u('eqf', n) < 0.75 then 6
                when u('eqf', n) < 0.98 then 7 else 8 end end as eqf_level,
        case when flag_disability is not null then flag_disability = 1 end as disability,
        case when flag_refugee = 0 then 'none'
            when flag_refugee = 1 then case
                when u('protection', n) < 0.5 then 'refugee' when u('protection', n) < 0.7
                then 'subsidiary_protection' when u('protection', n) < 0.85 then 'asylum_seeker'
                else 'migrant' end end as protection_status,
        case when flag_underserved_area = 1 then case country
                when 'FR' then 'qpv' when 'GB' then 'uk_low_income' else 'us_low_income' end
            when flag_underserved_area = 0 then
                if(country = 'FR' and u('area', n) < 0.08, 'zrr', 'none') end as area_class
    from begun join flags using (stratum)
), person as (
    select b.n, person_name(b.n) as person, b.path, b.applied, b.admitted, b.started, s.funding,
        b.country,
        case when s.is_woman then 'woman'
            when u('told', b.n) < getvariable('not_told') then null
            when s.n is not null then 'man'
            when u('gender', b.n) < getvariable('women_among_others') then 'woman'
            else 'man' end as gender,
        b.year - b.age as birth_year,
        t.* exclude n
    from begun b join status t on t.n = b.n left join students s on s.n = b.n
)
select * exclude n from (
    select n, 'A' || scrambled(n) as application, * exclude n from person
    union all by name
    -- Some apply once more in the same year, for another path, and are not admitted.
    select n, 'B' || scrambled(n) as application, * exclude n replace (
            applied + 1 + whole('again', n, 60) as applied, null as started, null as admitted,
            null as funding, if(path = 'web-developer', 'data-analyst', 'web-developer') as path
        )
    from person where admitted is null and u('again', n) < 0.03
)
order by n, application;

create temp view enrolments as
select 'A' || scrambled(s.n) as application, s.expected as expected_graduation,
    g.graduation_day as graduated,
    case when not s.is_graduate and s.withdraws and s.withdrawal_day <= getvariable('day')
        then s.withdrawal_day end as withdrawn,
    case when g.n is not null then 8 + whole('projects', s.n, 7)
        else whole('projects', s.n, 9) end as projects,
    case when g.n is not null then 35 + whole('sessions', s.n, 20)
        else whole('sessions', s.n, 35) end as mentor_sessions
from students s left join graduates g using (n)
order by n;

create temp view surveys as
with waves as (
    select n, 6 as wave, sent_6 as sent, is_respondent as is_answer, answered_6 as answered,
        is_placed as has_job from graduates
    union all
    select n, 12, sent_12, is_respondent_12, answered_12, is_placed or is_placed_late from graduates
), salaries as (
    select *, round(20000 + 9000 * u('salary', n) + 6000 * pow(u('salary more', n), 4), -2)
        as before from waves
)
select 'A' || scrambled(n) as application, wave, sent,
    case when is_answer then answered end as answered,
    case when is_answer then before end as salary_before,
    case when is_answer and has_job then round(before * (1.05 + 0.4 * u('gain', n)), -2) end
        as salary_after
from salaries where sent <= getvariable('day')
order by n, wave;

create temp view career_outcomes as
select person_name(n) as person, kind, occurred, reported, source
from outcomes order by n, occurred, kind;
