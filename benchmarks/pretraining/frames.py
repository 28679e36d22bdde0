"""Frames of questions, sorted by the kind of answer they ask for; a grammar fills their blanks with WordNet's words.

What tells a question's kind is mostly its first words and the noun after them: who, in what year, what animal, how far.
`[a;b;]` is one of its parts, and a blank as in grammar.py. No data set of questions is read.

Not here: what fills the blanks (grammar.py), questions made of real sentences and facts (asked.py).
"""

# ruff: noqa: E501
from __future__ import annotations

FRAMES = {
    "person": """
who [is;was] the [{adj} ;]{person} who {made} {the_thing}?|who {made} [{the_thing};the first {artifact};the {artifact}]?|who [is;was] {name}'s [wife;husband;father;mother;son;brother;teacher]?
who [is;was] the [first;last;only;current;second;youngest] [{leader} of {place};{person} to {verb};{person} in {place}]?|who [first ;]discovered [{substance};{place};{the_thing}]?|who wrote ["{title}";the {communication} "{title}";{title}]?
what [is;was] the [name;real name;full name;last name;nickname] of the [{person};{leader};{adj} {person}] [who {made} {the_thing};of {title};in {title}]?|what's the name of the [actor;actress;singer;author;character] [who;that] [played;plays;is] [the {person};{name}] in {title}?
[which;what] [{person};actor;president;author;painter;singer;player;king] [{made};is known for;won;married;succeeded] [{the_thing};{name};the {event}]?|name the [{person};{leader};actor;author] [who;that] {made} {the_thing}|who [invented;designed;founded;started;built;developed;created;owns] [the {artifact};{group};{title}]?
who [plays;played;portrayed;sang;directed;produced] [{title};the {person} in {title}]?|who was [elected;named;known as] {leader} of {place} in {year}?|who holds the [record;title] for [the {most} {act};most {things} in a {time}]?|whose [{artifact};{body};{thing}] [is;was] [the {most};{adj}]?
who [killed;shot;defeated;married;succeeded;taught] {name}?|who is the {most} {person} [in;of] [{place};the world;all time]?|who lives [in;at] {place}?|who were the [{people};members] of {group}?|by whom was {the_thing} {made}?|to whom did {name} [give;leave;sell] {the_thing}?
""",
    "group": """
what [company;firm;corporation;organization;agency] [{makes};is known for;sponsored;bought] [{things};{the_thing};{food}]?|which [team;club;university;party;band] [won;lost;joined;holds] the [{event};title] in {year}?|what [baseball;football;hockey;basketball] team [plays in;is from;won] {place}?
what [is;was] the name of [{name}'s;the {adj}] [band;company;organization;team;group;army]?|who are the [{people};members of {group}]?|what [tribe;nation;army;government] [{made};ruled;invaded] {place}?|what {group} [is;was] [{adj};in {place};founded by {name}]?|what [airline;newspaper;publisher;station] [serves;owns;reported] {the_thing}?
""",
    "city": """
what [is;was;'s] the capital [of;city of] {place}?|what city [is;has;was] [the {most};home to {the_thing};in {place};known for {things}]?|in [what;which] [city;town;village] [is;was;did] {name} [born;live;die;buried]?|which city [hosted;is called;lies on] [the {event};the {adj} {location};{place}]?|name the capital of {place}
what [is;was] the [largest;smallest;oldest] city in [{place};the world;europe;asia]?
""",
    "country": """
what [country;nation] [is;has;was] [the {most} {things};{place} in;home to {the_thing};known for {food}]?|which country [gave;invented;borders;invaded;won] [{place};{the_thing};the {event}]?|in [what;which] country [is;are;was;did] [{place};{name} born;{things} {made};the {event} take place]?
what countries [border;produce;speak;make up] [{place};{substance};{communication}]?|what [european;african;asian;american] country [is;has;was] {adj}?|name [a;the] country [that;which] [{verb}s;has] {things}|what is the {most} country in the world?
""",
    "state": """
what [u.s. ;american ;]state [is;has;was] [the {most};{place} in;known for {things};nicknamed the {adj} {thing}]?|which state [is;has] [the {most} {things};{place};{object}]?|in [what;which] state [is;was] [{place};{name} born]?|what [province;county;region] is {place} in?
""",
    "place": """
where [is;was;are] [{place};{the_thing};the {most} {object};{title};the {group}]?|where [do;did;does;can;could] [{animals};{people};{name};i;you] [live;come from;find {things};{verb};buy {food};get {a_thing}]?|where [was;were] [{name};{things};{the_thing}] [born;{made};invented;located;buried;found]?
what [river;lake;mountain;ocean;sea;island;desert;canal;bay] [is;runs through;separates;flows into;lies in] [{place};the {most};{place} and {place}]?|what [is;'s] the [{most};highest;longest;largest] [mountain;river;lake;island;building;bridge;desert;volcano;ocean] in [{place};the world;africa]?
where [did;does] [the {event};{substance};the word {word}] [take place;come from;originate;begin]?|what [street;building;hotel;museum;prison;planet;continent;area;part of {place}] [is;was;did] [{name} in;{name} live;{the_thing} in]?|on what [continent;planet;island;street] [is;are;was] {place}?|what is the [location;address;home;birthplace] of [{name};{group};{the_thing}]?
how do [i;you] get [to;from {place} to] {place}?|what are the [countries;cities;places;planets;states] [in;near;of] {place}?|from where did {name} [come;{verb}]?|where in [the world;the united states;europe;the body;the bible] [is;are;can you find] [{place};{things};{the_thing}]?|where on the [internet;web] can i find [{things};{communication}]?
""",
    "date": """
when [was;were;is;did;does] [{name};the {event};{the_thing};{title};{things}] [born;begin;{made};end;invented;first {made};die;take place;come out]?|what year [was;did] [{name};the {event};{title};{place}] [born;begin;founded;die;win;released]?|in [what;which] year [was;did] [{title};{name};the {event}] [made;die;happen;published]?
what [day;date;month;time;season;century] [is;was;did] [{event};{name} born;the {event} begin;it in {place}]?|when [is;'s] [{event};the next {event};the {adj} {time}]?|what is the [date;birthday;birth date] of [{name};the {event}]?|when [can;should;will] [i;you;we] [{verb} {things};plant {plant};see {the_thing}]?|what time of [day;year] do {animals} {verb}?|on what [day;date] [was;did] [{name};the {event}] [born;killed;begin]?|how long ago [was;did] the {event} [end;begin]?|since when [has;have] {people} {verb}?|when did [{name};{place};the {group}] [become {adj};{verb};win;join;start to {verb}]?
""",
    "count": """
how many [{things};{people};{animals}] [are there;are] in [{place};{a_thing};the world;a {group}]?|how many [{things};{body};times;people;{people};games;children;wives;teeth;legs] [does;did;do;has;have;can] [{name};{a_thing};{animals};{place}] [have;{verb};win;die]?|how many [people;{people};{things};men] [live in;died in;visit;speak;work for;were killed in] [{place};the {event};{group}]?
how many [feet;inches;miles;ounces;cups;grams;days;hours;seconds;pounds;calories;players;states;bones;cards;keys;strings] [are there ;are ;]in [a {thing};a mile;a {time};the {group};{a_thing};{food}]?|what [is;was] the [population;number of {things};total number of {people}] [of;in] {place}?|how many [different ;]{things} [did;were;was] [{name};{made};there] {verb}?|what number [is;was] [{name};on the {artifact}]?|how often [do;does] [{animals};{name};{a_thing}] {verb}?
""",
    "money": """
how much [does;did;do;would;will] [{a_thing};it;{name};{people}] [cost;cost to {verb};earn;make;pay for {things};get paid]?|what [is;was;'s] the [price;cost;value;salary;worth;tax;average price] of [{a_thing};{name};{substance};a {person}]?|how much [money;is a {possession} worth;was paid for {the_thing};is {a_thing} worth]?|how much [was;is] {the_thing} [sold for;worth]?
""",
    "size": """
how [far;long;tall;high;deep;wide;big;large;heavy] [is;was;are;does;do;can] [{the_thing};{name};{place};a {animal};{things};the {object}] [get;grow;be;from {place};]?|how far [is it;away is] [from {place} to {place};{place};from {place}]?|what [is;'s] the [height;length;width;size;weight;depth;area;distance;diameter;wingspan;volume] of [{a_thing};{place};the {object};the {most} {animal}]?
how [much ;many pounds ]does [{a_thing};{name};a {animal}] weigh?|how [large;big] is [{place};the {body};{a_thing}]?|what is the distance [between;from] {place} [and;to] {place}?|how many [miles;kilometers;feet] [is it;long is] [from;the] {place}?|how close is {place}?
""",
    "duration": """
how long [does;did;do;is;was;can;would;will] [{it_takes};{name};{a_thing};{animals};the {event}] [take;live;last;{verb};wait]?|how long [does;did] it take [to {verb} {a_thing};for {substance} to {verb};to get to {place}]?|how old [is;was;are;were] [{name};{place};{the_thing};you;the {most} {person}] [when {name} {made} {the_thing};when he died;now;]?|what [is;was] the [age;life span;life expectancy;average age;gestation period;duration] of [{a_thing};{name};{people};a {animal}]?|how [soon;late;early;young] [can;does;is] {a_thing} [{verb};be]?|how many [years;days;hours;weeks] [did;does] [{name};it;the {event}] [live;take;last]?
""",
    "measure": """
how fast [is;can;does;do] [{a_thing};a {animal};light;{name}] [go;run;fly;{verb};travel]?|what [is;'s] the [speed;top speed;velocity] of [{a_thing};light;sound;a {animal}]?|how [hot;cold;warm;strong;loud;bright] is [{the_thing};{place};{substance};the {object}]?|what [is;'s] the [temperature;boiling point;melting point;freezing point;density;atomic weight;atomic number;ph] of [{substance};the {object};{food};the {body}]?
what [percentage;percent;fraction;proportion;part] of [{people};{things};the {body};{place};americans;the population] [is;are;{verb};live in {place}]?|what are the [odds;chances;statistics] of [a {person};{act};{event}]?|what is the [rate;average {attribute};maximum {attribute};normal {attribute}] of [{a_thing};{people};{state}]?|how much [{substance};{food};water;time;energy] [is;does;should;do] [in {a_thing};{a_thing} contain;i {verb};{animals} need]?
""",
    "code": """
what [is;'s] the [telephone number;phone number;zip code;area code;postal code;address;web address;e-mail address;code;number] [of;for] [{place};{group};{name};the {artifact}]?|what is the [url;homepage;internet address] of [{group};the {artifact}]?|what [channel;chapter;page;floor;rank;place;grade] [is;was;did] [{title};{name};{the_thing}] [on;finish;]?
""",
    "definition": """
what [is;are;was;'s] [{a_thing};{substance};{things};{state};{act};{cognition};{process}]?|what [is;are] [a;an;the] [{adj} ;]{thing}?|what [exactly ;]is [meant by ;]{word}?|what does [{word};the word {word};"{word}"] mean?|what [is;'s] the [definition;meaning;sense] of [{word};the word {word};{a_thing}]?|define [{word};{thing};the {adj} {cognition}]|what do [{people};they;doctors] mean by {word}?
who [is;was;are;were] [{name};the {adj} {people};the {people}]?|what [is;was] [{title};{group};{place};the {event} of {year}]?|what are {things} [called;like;used for;good for]?|tell me what [{a_thing};{substance}] is|what's [{a_thing};{word};{substance}]?|what is [the {adj} {cognition} of {attribute};{communication} theory;{adj} {substance}]?
""",
    "reason": """
why [do;does;did;is;are;was;were;can't;don't;should;would] [{animals};{people};{name};{the_thing};{substance};{things};the {body};the {object};i;we;you] [{verb};{adj};{verb} {things};called {word};so {adj};important;named]?|what [causes;caused;makes;made] [{state};{the_thing};the {event};{phenomenon};{a_thing} {verb};{people} {verb};the {object} {adj}]?|what [is;was] the [reason for;cause of;purpose of;point of;motive for;idea behind] [{act};the {event};{state};{a_thing}]?|what happens [if;when] [you;a {person};{substance}] {verb}[ {things};]?|why [is it;was it] [called;named;considered;so] {adj}?|for what reason did {name} {verb}?|how come {animals} {verb}?|what led to [the {event};{state}]?|what effect does [{substance};{act}] have on [the {body};{people}]?
""",
    "manner": """
how [do;can;should;could;would;did;does] [i;you;one;we;{people};{animals};{name}] [{verb};get rid of;make;find;stop;learn to {verb};fix;clean;cook;build;start;become;die] [{a_thing};{things};{food};{substance};a {adj} {artifact};a {person};]?|how [does;do;did] [{a_thing};{things};{the_thing};the {body};{process}] [work;{verb};get started;come about;begin;function]?|how [is;are;was;were] [{substance};{things};{food};{a_thing};{title}] [made;{made};produced;formed;measured;used;named;prepared]?
what [is;'s] the [best;easiest;fastest;proper;correct] way to [{verb} {things};make {food};clean {a_thing};get to {place};{verb}]?|how to [{verb} {a_thing};make {food};{verb}]|what are the [steps;rules;instructions;requirements] [for;to;of] [{act};{verb} {a_thing};the {event}]?|what can [i;you;one] do [to {verb};about {state};with {things}]?|how did [{name};the {group};{place}] [die;{verb};get its name;become {adj}]?
""",
    "description": """
what [is;was] [{name};{place};{group}] [famous for;known for;noted for;best known for;like]?|what [did;does;do] [{name};the {group};{a_thing};{people}] [do;look like;believe;{verb};say about {things}]?|what is the [difference;relationship;similarity] between [{things};{a_thing};{substance}] and [{things};{a_thing};{substance}]?|what [is;was] the [history;origin;story;significance;structure;nature;importance;function;role;use] of [{a_thing};{the_thing};{substance};the {group};{act}]?
what [happened;occurred] [to {name};in {year};during the {event};at {place};on {day}]?|what [is;are] the [symptoms;effects;side effects;benefits;advantages;characteristics;features;types;functions;consequences] of [{state};{substance};{a_thing};{act}]?|what [are;were] the [causes;results;effects;terms] of the {event}?|tell me [about;something about] [{name};{things};the {event}]|what do [you;we;{people}] know about {things}?|what should i know about {things}?|what did [{name};the {person}] [invent;discover;do for a living;say;mean]?|where does the [word;phrase;expression;term;name] {word} come from?|what is the origin of [the word {word};{things};the name {name}]?|describe [{the_thing};the {event};{name}]
""",
    "expansion": """
what [does;do;did] [{letters};the letters {letters};the acronym {letters};the abbreviation {letters};the initials {letters};{dotted}] [stand for;mean;represent]?|what is the [full form;full name;meaning;long form] of [{letters};the acronym {letters};{dotted}]?|what is {letters}?|what is [{letters};{dotted}] short for?|{letters} [stands for;is an abbreviation of;is short for] what?|what do the letters [in;of] {letters} stand for?|what does {dotted} stand for?|what words do the initials {letters} stand for?
""",
    "abbreviation": """
what [is;'s] the [abbreviation;acronym;short form;abbreviated form;abbreviated term;initials;abbreviated expression] [of;for;used for] [{gloss};the {group};{word} {word};the {adj} {cognition};{place}]?|how [is;do you] [{word};{time};{place};the {group}] [abbreviated;abbreviate]?|what [letters;initials] are used for [the {group};{cognition}]?|how do you abbreviate {word}?
""",
    "animal": """
what [animal;animals;bird;fish;dog;insect;creature;mammal;reptile;breed of dog;kind of {animal};type of bird;species] [is;has;are;can;does;was;eats;lives in;{verb}s] [the {most};{adj};{a_thing};{place};on the {object};known as {word};{verb} the {most}]?|which [animal;bird;{animal}] [has;is;can;lays] [the {most} {body};{adj};{verb};{food}]?|what kind of [animal;dog;bird;fish;horse] [is;was;does] [{name};{name} have]?|what [is;'s] the [{most} ;]{animal} in [the world;{place}]?|name [a;an;the] {animal} that [has;can] [{body};{verb}]|what [eats;lays;hunts] {animals}?
""",
    "body": """
what [part of the body;body part;organ;bone;muscle;gland] [is;does;contains;produces] [{body};{substance};the {most};{adj}]?|which [organ;bone;part of the {body}] [is;{verb}s] [{adj};{substance}]?|what {body} [does;do;is] [{animals} have;{adj};{name} lose]?|what is the [{most} ;]{body} [in;of] the [human body;{animal}]?|where in the body is the {body}?
""",
    "colour": """
what [color;colour;colors;colours;shade] [is;are;was;were;does;do;makes;represents] [{a_thing};{things};{the_thing};{substance};{name};the {body};a {animal}'s {body}] [;made of;symbolize;when {adj}]?|what is the color of [{the_thing};{substance};a {animal}]?|what color [hair;eyes;flag;dress] does {name} have?|which color [is;means] [{adj};{cognition}]?|what colors make {word}?|what two colors [are in;make up] the flag of {place}?
""",
    "work": """
what [book;novel;film;movie;song;play;poem;opera;tv show;television series;painting;album;magazine;newspaper;show;sitcom;musical;comic strip] [is;was;did;has;tells;features;made;won;starred] [{name} in;{name} write;by {name};about {things};the {most};{name} famous;{the_thing};the {event} in {year}]?|in [what;which] [film;movie;book;novel;play;song;show] [does;did;was] [{name};the {person};{the_thing}] [appear;{verb};star;say {word}]?
[which;what] [{title};book of the bible;fairy tale;disney movie;shakespeare play;beatles song] [is;was;has] [{adj};about {a_thing};the {most}]?|what [is;was] the [title;name] of [{name}'s;the {adj};the first;the {most}] [book;film;movie;song;album;novel;poem;play]?|name [a;the] [film;book;song;movie] [in which {name} {verb}s;by {name};starring {name};about {things}]|what was {name}'s [first;last;best-known] [book;film;song;play;work]?|what movie [had;has] {the_thing}?
""",
    "money name": """
what [is;'s;was] the [currency;monetary unit;money;unit of currency] [of;in;used in] {place}?|what [currency;money;coin;type of currency] [is used in;do they use in;does {place} use]?|what do you call the money of {place}?|what is {place}'s [currency;money] called?
""",
    "disease": """
what [disease;illness;disorder;condition;virus;infection;drug;medicine;vitamin] [is;causes;caused;did;does;affects;killed;cures;was] [{state};{name} have;{name};the {body};{people};called {word};{adj}]?|what [is;was] the [disease;medical name;medical term;name of the disease;scientific name] [for;of;called] [{state};{a_thing};{word}]?|what did {name} die [of;from]?|what [kills;attacks] [{people};the {body}]?|what is [a treatment;a cure;the vaccine;the medication] for {state}?
""",
    "event": """
what [war;battle;event;festival;holiday;disaster;revolution;tournament;ceremony;race] [was;is;did;began;ended;took place;started] [in {year};{name} in;the {most};celebrated in {place};{name} fight in;in {place};on {day}]?|what [historical ;famous ;]event [happened;took place] [in {place};in {year}]?|which [war;battle;{event}] [made {name} famous;was fought in {place}]?|in [what;which] [war;battle;olympics] [was;did] {name} [{made};fight;die;win]?
""",
    "food": """
what [food;foods;fruit;vegetable;meat;cheese;dish;drink;drinks;wine;ingredient;cereal;dessert;spice;kind of {food};beverage] [is;are;has;contains;comes from;was;did;goes with;do] [the {most};made from {food};{adj};{place};called {word};{name} eat;{animals} eat]?|what do [{animals};{people};{name}] [eat;drink]?|what [is;'s] [in;made from;the main ingredient of;the key ingredient in] {food}?|which [fruit;food;drink;{food}] [is;has] [the {most} {substance};{adj}]?|name a [food;fruit;drink] [that;which] is {adj}
""",
    "instrument": """
what [instrument;musical instrument;tool;device;machine;gadget;weapon;kind of {artifact};piece of equipment] [is;does;did;was;do;measures;makes;has] [used to {verb} {things};{name} play;{people} use;invented by {name};{attribute};played by {name};called {word}]?|what [do you use;is used;can be used] to [{verb} {things};measure {attribute}]?|what [weapon;tool;{artifact}] did {name} [use;carry;invent]?
""",
    "language": """
what [language;languages;dialect] [is;are;do;does;did;has] [spoken in {place};{people} in {place} speak;{name} speak;the {most} spoken;{word} from;the {most} words;the official one of {place}]?|what is the [official;native;main;primary;most common] language of {place}?|which language [has;is] {adj}?|how do you say [{word};"{word}"] in [spanish;french;german;latin;italian;russian;japanese;chinese;greek;hawaiian]?|what is the [french;spanish;german;latin;italian;greek;japanese;english] [word;term;translation] for {word}?
""",
    "letter": """
what [letter;letters] [of the alphabet ;][is;are;comes;appears;begins;does] [the {most};{adj};after {letter};on {things};stand for {word}]?|what [is;'s] the [first;last;fifth;most common] letter [of the alphabet;in {word};of the {adj} alphabet]?|which letter is [on;next to] {letter}?|what [consonant;vowel] is {adj}?
""",
    "plant": """
what [plant;plants;flower;tree;herb;grass;crop;kind of {plant}] [is;has;are;grows;produces;was;does] [the {most};{adj};in {place};{food};{substance};called {word};the state flower of {place}]?|what is the [state flower;national flower;state tree;{most} tree] of {place}?|which [tree;flower;plant] [gives;has;is] [{substance};{body};{adj}]?|what kind of [tree;plant;flower] [is;does] [{plant};{food} come from]?
""",
    "product": """
what [product;brand;car;vehicle;ship;plane;aircraft;spacecraft;train;boat;submarine;toy;game;computer;software;drug;invention;beer;cigarette] [is;was;did;does;made;has] [made by {group};{name} drive;the {most};advertised with {name};{name} invent;called {word};the name of {name}'s;{adj};first {made} in {year}]?|what [is;was] the name of [{name}'s;the first;the {adj}] [ship;plane;car;spacecraft;yacht;horse;dog;toy;ranch]?|what [kind;type;sort;brand;make] of [{artifact};car;plane;ship;gun;computer] [is;was;did;does] [{name} have;{name} use;{adj};used in {title}]?|what did {name} [sell;invent;drive;build]?|what [is;was] {name}'s [car;ship;product;invention]?
""",
    "religion": """
what [religion;faith;god;goddess;church;saint] [is;was;do;does;did] [{name};the {most} in {place};{people} practice;the {person} of {phenomenon};{name} belong to;practiced in {place}]?|what is the [main;official;predominant] religion [of;in] {place}?|which [god;goddess;saint;religion] [{verb}s;is] {things}?|who is the [roman;greek;norse;egyptian] [god;goddess] of [{cognition};{phenomenon};{act}]?
""",
    "sport": """
what [sport;sports;game;games;card game;board game;position;dance;martial art;olympic event] [is;was;did;do;does;uses;has] [{name} play;played with {a_thing};played in {place};the {most};{people} play;{a_number} {people};called {word}]?|in what [sport;game] [is;are;do;would] [{things} used;you {verb};{name} famous;the {event}]?|which sport [{verb}s;uses;features] {things}?|what [is;'s] {name}'s [sport;position;favorite game]?|what is the [national;{most}] sport of {place}?
""",
    "substance": """
what [substance;material;metal;gas;chemical;element;liquid;mineral;acid;fuel;stone;gem;fabric;wood] [is;makes;are;was;does;has;do;gives] [{a_thing} made of;used to {verb} {things};the {most};in {a_thing};{adj};{things} made from;found in {place};called {word};{food}]?|what [is;are;was;were] [{a_thing};{things};{the_thing}] made [of;from;out of]?|what [chemical element;metal;gas] has the symbol {letter}?|which [element;metal;gas] is the {most}?|what is [{substance};{a_thing}] composed of?|what [does;do] {a_thing} contain?
""",
    "symbol": """
what [is;'s] the [symbol;chemical symbol;sign;logo;emblem;chemical formula;formula;motto;slogan;national anthem;zodiac sign;birthstone;mascot;flag] [of;for] [{substance};{place};{group};{name};{time}]?|what [symbol;sign] [is;represents;stands for;means] [{adj};{cognition};{group}]?|what does the [sign;symbol;flag;logo] of [{place};{group}] [mean;show;look like]?|what astrological sign is {name}?
""",
    "term": """
what [is;'s;do you call;are;was] [the term for;the name for;the word for;the proper name for;the technical term for;the scientific name for;the latin name for;the common name for;] {gloss}?|what do you call [{gloss};a group of {animals};a {adj} {person};a baby {animal};a {person} who {verb}s {things};someone who {verb}s;the fear of {things}]?|what [is;are] [{gloss};a {adj} {animal};the {body} of a {animal};the {adj} {things}] called?|what is another [name;word;term] for [{a_thing};{word};{the_thing}]?|what word [means;describes;is used for] {gloss}?|what is the [opposite;synonym;plural;past tense] of {word}?|what [word;phrase] [has;contains;rhymes with;comes from] [{word};the letter {letter};{things}]?|what is the fear of {things} called?|what [name;word] is given to {gloss}?
""",
    "nickname": """
what [is;was] [{name};{place};{group};{the_thing}] [also known as;also called;better known as;nicknamed;originally called;formerly known as]?|what [nickname;title;name] [was given to;did {place} have;was used by] {name}?|what is [{name}'s;{place}'s;the {person}'s] [nickname;middle name;real name;former name;stage name;pen name]?|what does the name {name} mean?|by what name [is;was] {name} [better known;also known]?
""",
    "method": """
what [method;technique;process;kind of {act};system;procedure;type of {act};style;treatment;therapy] [is;was;does;did;do] [used to {verb} {things};{people} use;called {word};{name} use;the {most};{adj}]?|what is the [process;technique;method;act;practice] [of;called] [{word};{act}]?|by what [means;method;process] [is;are;did] [{substance} made;{things} {made};{name} {verb}]?
""",
    "job": """
what [is;was;were] {name}'s [job;occupation;profession;title;rank;position;role;nationality] [before {event};in {title};when {name} died;]?|what [job;position;title;office;profession] [does;did;has] [{name};the {person};a {person} who {verb}s] [hold;have]?|what does [{name};a {person};your father] do for a living?|what nationality [is;was] {name}?|what did {name} do before {act}?
""",
    "thing": """
what [kind;type;sort] of [{artifact};{act};{thing};{event};{communication};{group}] [is;was;did;do;does] [{a_thing};{the_thing};{name} have;{name} {verb};{adj};{people} use]?|what [{artifact};{communication};{attribute};{cognition};{phenomenon};{time};{object}] [is;was;did;has;are;does] [the {most};{name} {verb};{adj};in {a_thing};used by {people};{a_thing} have;named after {name};on the {artifact} of {place}]?|which [{thing};one] [is;has;was;came] [{adj};the {most} {attribute};first]?|what [are;were] [some;the {a_number};the {adj};the] {things} [of;in;that {verb};at] {place}?|name [{a_number};some;one of the;the] {things} [of {place};that {verb};in {title}]
what [did;does;do;can;should;would] [{name};{people};{animals};you;i] [{verb};use;wear;give;buy;need] [to {verb};with {things};for {event};in {year};]?|what is [on;in;inside;under] [the {artifact};{a_thing};the {body}] [of {name};]?|what [is;was] the [{most};name of the {most}] {thing} [in the world;of all time;in {place};ever {made}]?|what was [found;made;lost;stolen;invented;built] [in;by;at] [{place};{name}]?|what [won;caused;replaced;followed;preceded;became] {the_thing}?
""",
    "whether": """
[is;are;was;were] [{name};{a_thing};{things};{place};{the_thing};there {things}] [{adj};a {person};in {place};{made} of {substance};really {adj}]?|[do;does;did;can;could;should;will;would;has;have] [{animals};{name};you;i;{people};anyone;we] [{verb};{verb} {things};know how to {verb} {a_thing};like {food};ever {verb}]?|[can;could;would] you [{verb} {things};tell me about {things};help me {verb} {a_thing};recommend a {artifact}]?|[is it;is there] [{adj} to {verb};a {artifact} in {place};true that {animals} {verb}]?|does anyone [know;have] [about ;]{things}?
""",
}
"""Frames by the kind of answer; the kinds are those that a reader would sort questions by."""
