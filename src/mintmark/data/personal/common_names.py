"""Common given names, family names and street words by language: evidence, never proof.

Written down from general knowledge of the most frequent names in the countries concerned; lower
case, without accents. Surrogates are not drawn from here.
"""

from __future__ import annotations

from functools import cache

__all__ = ["family", "given", "streets"]

_GIVEN = {
    "en": "james john robert michael william david richard joseph thomas charles christopher daniel "
    "matthew anthony mark donald steven paul andrew joshua kenneth kevin brian george timothy "
    "ronald edward jason jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin "
    "scott brandon benjamin samuel gregory alexander patrick frank raymond jack dennis jerry "
    "tyler aaron jose adam nathan henry zachary douglas peter kyle noah ethan jeremy "
    "christian walter keith austin roger terry sean gerald carl dylan harold jordan jesse "
    "bryan lawrence arthur gabriel bruce logan billy joe alan juan elijah willie albert wayne "
    "randy mason vincent liam roy bobby caleb bradley russell lucas mary patricia jennifer "
    "linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret "
    "ashley kimberly emily donna michelle carol amanda melissa deborah stephanie dorothy "
    "rebecca sharon laura cynthia amy kathleen angela shirley brenda emma anna pamela nicole "
    "samantha katherine christine helen debra rachel carolyn janet maria catherine heather "
    "diane olivia julie joyce victoria ruth virginia lauren kelly christina joan evelyn "
    "judith andrea hannah megan cheryl jacqueline martha madison teresa gloria sara janice "
    "ann kathryn abigail sophia frances jean alice judy isabella julia grace amber denise "
    "danielle marilyn beverly charlotte natalie theresa diana brittany doris kayla alexis "
    "lori tiffany tina tammy crystal wendy erin jill shannon dawn tracy leslie courtney "
    "vanessa kristen kristin lindsay chelsea oliver harry simon neil graham nigel trevor "
    "gavin stuart craig darren shaun lee luke derek geoffrey leonard gordon hugh jamie "
    "mohammed antony howard philip phillip clive ian glen dean martin barry duncan rhys "
    "kieran declan conor gemma hayley leanne kerry joanne lorraine tracey georgina jodie "
    "stacey naomi jane lynn lynne hilary marion maureen eileen sheila gillian josephine abbie "
    "carly zoe bethany paige clare claire fiona geraldine ellie toby victor clifford maurice "
    "leon jay reece elliot bernard ricky fred ernest ralph eugene louis johnny carlos travis "
    "shawn derrick curtis cody jeremiah dustin melvin marcus theodore corey cory chad calvin "
    "joel troy micheal antonio sheri regina kristina kathy mackenzie sabrina brianna jasmine "
    "kristy misty holly april erica erika monica veronica allison alison suzanne rhonda "
    "valerie phyllis connie audrey melanie anne sally",
    "de": "hans peter klaus wolfgang jurgen dieter manfred uwe gunter horst bernd frank thomas "
    "andreas stefan stephan michael christian martin markus matthias jens sven jorg torsten "
    "thorsten ralf rainer heinz helmut werner karl heinrich walter gerhard herbert kurt ernst "
    "otto friedrich wilhelm hermann rolf gerd norbert joachim johannes georg alexander daniel "
    "tobias florian sebastian jan lukas felix maximilian paul jonas leon tim niklas philipp "
    "moritz dennis kevin marcel patrick oliver holger dirk volker ulrich udo detlef siegfried "
    "eberhard reinhard gunther gottfried ludwig franz josef anton ali mehmet mustafa ahmet "
    "olaf axel bjorn lars heiko ingo marco mario rene ronny steffen guido henning arne timo "
    "swen adolf albert alfred arthur bruno edgar egon eduard emil erich erwin eugen hubert "
    "hugo konrad lothar oskar roland rudolf theodor ursula monika petra elisabeth sabine "
    "renate helga karin brigitte ingrid erika andrea gisela claudia susanne gabriele christa "
    "christine hildegard anna birgit barbara gertrud heike marianne elke martina angelika "
    "irmgard maria ute kerstin waltraud ruth anja nicole stefanie julia sandra katrin kathrin "
    "katja tanja silke bettina ulrike christina jutta irene ilse rita regina eva inge edith "
    "anneliese doris heidi cornelia annette johanna katharina sarah laura lena lea hannah "
    "sophie marie emma mia jana nina vanessa jessica melanie daniela manuela carmen simone "
    "silvia sylvia ines antje astrid dagmar hannelore margarete margot sigrid rosemarie "
    "roswitha veronika franziska theresa lisa michelle svenja wiebke frauke gudrun heidemarie "
    "karoline adelheid mathilde gerda hedwig herta hertha frieda martha agnes alma auguste "
    "berta bertha elfriede emmi erna ella",
    "fr": "jean pierre michel andre philippe rene louis alain jacques bernard marcel daniel roger "
    "robert paul claude christian henri georges nicolas francois patrick gerard christophe "
    "joseph julien maurice laurent frederic eric david stephane pascal sebastien alexandre "
    "thierry olivier raymond thomas antoine guillaume benoit emmanuel vincent bruno gilles "
    "guy franck didier serge jerome yves denis xavier hugues lucas hugo theo maxime mathieu "
    "matthieu romain adrien arthur gabriel raphael leo jules tristan etienne gilbert victor "
    "emile edouard marc luc martin charles alfred augustin aime leon zacharie honore marie "
    "jeanne francoise monique catherine nathalie isabelle jacqueline anne sylvie martine "
    "madeleine nicole suzanne helene christine sophie marguerite louise denise christiane "
    "claire valerie sandrine stephanie veronique celine caroline julie chantal patricia "
    "laurence brigitte odette yvonne simone aurelie audrey virginie emilie camille lea manon "
    "chloe emma ines sarah laura margot juliette alice charlotte margaux pauline mathilde "
    "lucie elodie amelie colette michelle michele danielle genevieve germaine henriette "
    "josette paulette renee therese thibault thibaut valentine victoire zoe agathe agnes alix "
    "anais andree arnaude astrid aurore bernadette cecile constance corinne diane dorothee "
    "edith eleonore elisabeth elise emmanuelle eugenie frederique gabrielle hortense "
    "josephine lucy lorraine luce margaud maggie marcelle marine maryse nath noel noemi "
    "olivie oceane penelope remy richard sabine susan timothee roland gregoire eugene "
    "christelle",
    "es": "antonio jose manuel francisco juan david javier daniel carlos jesus alejandro miguel "
    "rafael pedro pablo angel sergio fernando jorge luis alberto alvaro adrian diego raul "
    "ivan ruben enrique oscar ramon vicente andres joaquin santiago victor eduardo mario "
    "roberto jaime marcos ignacio hugo jordi ricardo salvador guillermo emilio gabriel julian "
    "julio tomas agustin gonzalo felix mariano nicolas hector sebastian cesar lorenzo domingo "
    "alfonso gregorio esteban martin lucas mateo leonardo maria carmen ana isabel laura "
    "cristina josefa dolores lucia antonia marta francisca pilar mercedes elena sara paula "
    "rosa raquel concepcion rosario juana beatriz teresa silvia julia manuela patricia irene "
    "andrea rocio montserrat encarnacion monica alba angela sonia alicia sandra susana marina "
    "natalia yolanda margarita sofia claudia eva inmaculada noelia veronica martina nuria "
    "amparo esther carolina lorena consuelo ines miriam catalina victoria luisa emilia lidia "
    "gloria aurora esperanza olga emma valentina adriana guadalupe fatima gabriela fortunata "
    "felipe ximena leticia chita maite nieves soledad trinidad remedios milagros paz reyes "
    "macarena blanca begona amaya ainara nerea nicolasa ofelia adela adelina adolfo agapito "
    "aitor albano albina alcides alejandra alex alfredo amado amalia amanda amador anastasio "
    "aniceto anselmo arturo asuncion aurelio bartolome basilio benito berta bruno calisto "
    "camilo candelaria candido clara clemente constanza cristian cristobal dario debora "
    "edelmira edu elisa eloy emiliano encarna eugenia eusebio fabio federico feliciano "
    "florencio flor georgina gerardo german gisela hernando horacio iker imelda isidoro "
    "isidro jacinto jenaro jeronimo joan jonatan josue leandro leocadia lupe macario "
    "marcelino marcial mauricio maximiano melania modesto narciso nazaret noe octavio pascual "
    "pastora pepe pepita petrona placido porfirio primitivo ruperto samuel sancho saturnina "
    "severino silvestre socorro tania teo teodoro timoteo tono valerio vito wilfredo xavier "
    "yago zaida",
    "it": "giuseppe giovanni antonio mario luigi francesco angelo vincenzo pietro salvatore carlo "
    "franco domenico bruno paolo michele giorgio aldo sergio luciano alessandro andrea marco "
    "matteo lorenzo davide stefano roberto simone luca federico riccardo fabio daniele "
    "massimo giulio gianni enrico claudio maria anna giuseppina rosa angela giovanna teresa "
    "lucia carmela caterina francesca antonietta carla elena concetta rita margherita franca "
    "paola laura giulia chiara sara martina valentina alessia silvia elisa federica alice "
    "giorgia sofia aurora beatrice gaia ludovica camilla stefania ilaria graziella",
    "nl": "jan johannes pieter cornelis hendrik willem gerrit jacobus petrus maria johanna anna "
    "elisabeth cornelia hendrika sanne daan sem lotte fleur bram thijs jeroen bas maarten "
    "joost sander wouter ruben niels lars stijn luuk tess femke anouk iris marieke ingrid "
    "marjolein saskia esther annelies willemijn",
    "pt": "joao jose antonio francisco carlos paulo pedro lucas luiz marcos luis gabriel rafael "
    "daniel marcelo bruno eduardo felipe rodrigo manuel rui tiago goncalo diogo vasco maria "
    "ana francisca antonia adriana juliana marcia fernanda patricia aline sandra camila "
    "amanda bruna jessica leticia julia luciana vanessa mariana gabriela beatriz ines "
    "catarina joana matilde leonor isadora larissa thiago vitor caio",
    "pl": "jan andrzej piotr krzysztof stanislaw tomasz pawel jozef marcin marek michal grzegorz "
    "jerzy tadeusz adam lukasz zbigniew ryszard dariusz henryk mariusz kazimierz wojciech "
    "robert mateusz jakub anna maria katarzyna malgorzata agnieszka krystyna barbara ewa "
    "elzbieta zofia teresa magdalena joanna janina monika danuta jadwiga aleksandra halina "
    "irena beata marta dorota helena julita kacper oliwia",
    "sv": "lars mikael anders erik per karl peter johan jan thomas daniel nils fredrik bengt bo "
    "gustav mattias magnus lennart stefan sven anna eva maria karin kristina lena sara "
    "kerstin ingrid marie elisabeth birgitta malin jenny annika elin emma linnea johanna maja "
    "astrid ulla gunilla hanna ebba",
}
_FAMILY = {
    "en": "smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez "
    "lopez gonzalez wilson anderson thomas taylor moore jackson martin lee perez thompson "
    "white harris sanchez clark ramirez lewis robinson walker young allen king wright scott "
    "torres nguyen hill flores green adams nelson baker hall rivera campbell mitchell carter "
    "roberts gomez phillips evans turner diaz parker cruz edwards collins reyes stewart "
    "morris morales murphy cook rogers gutierrez ortiz morgan cooper peterson bailey reed "
    "kelly howard ramos kim cox ward richardson watson brooks chavez wood james bennett gray "
    "mendoza ruiz hughes price alvarez castillo sanders patel myers long ross foster jimenez "
    "powell jenkins perry russell sullivan bell coleman butler henderson barnes gonzales "
    "fisher vasquez simmons romero jordan patterson alexander hamilton graham reynolds "
    "griffin wallace moreno west cole hayes bryant herrera gibson ellis tran medina aguilar "
    "stevens murray ford castro marshall owens harrison fernandez mcdonald woods washington "
    "kennedy wells vargas henry chen freeman webb tucker guzman burns crawford olson simpson "
    "porter hunter gordon mendez silva shaw snyder mason dixon munoz hunt hicks holmes palmer "
    "wagner black robertson boyd rose stone salazar fox warren mills meyer rice schmidt garza "
    "daniels ferguson nichols stephens soto weaver ryan gardner payne grant dunn kelley "
    "spencer hawkins arnold pierce hansen peters santos hart bradley knight elliott "
    "cunningham duncan armstrong hudson carroll lane riley andrews alvarado ray delgado berry "
    "perkins hoffman johnston matthews pena richards contreras willis carpenter lawrence "
    "sandoval davies khan ali hussain begum ahmed barker clarke lloyd saunders chapman rhodes "
    "sutton walsh williamson wilkinson pearson holland lawson fletcher barrett goodwin "
    "hammond atkinson harding bishop byrne oneill bird coles norton parsons poole pritchard "
    "read rees sharp sheppard slater thomson townsend wheeler schneider schultz spears strong "
    "suarez summers sweeney terry thornton todd valdez vega vincent wade waller walters "
    "walton warner watkins watts weber welch whitaker wiley wilkins wise wolf wolfe woodard "
    "wyatt yang yates york",
    "de": "muller schmidt schneider fischer weber meyer wagner becker schulz hoffmann schafer koch "
    "bauer richter klein wolf schroder neumann schwarz zimmermann braun kruger hofmann "
    "hartmann lange schmitt werner schmitz krause meier lehmann schmid schulze maier kohler "
    "herrmann konig walter mayer huber kaiser fuchs peters lang scholz moller weiss jung hahn "
    "schubert vogel friedrich keller gunther frank berger winkler roth beck lorenz baumann "
    "franke albrecht schuster simon ludwig bohm winter kraus martin schumacher kramer vogt "
    "stein jager otto sommer gross seidel heinrich brandt haas schreiber graf schulte "
    "dietrich ziegler kuhn kuhne pohl engel horn busch bergmann thomas voigt sauer arnold "
    "wolff pfeiffer klemm ullrich scheel hess ritter krebs hermann trapp putz rohricht stolze "
    "heinz ebert hein hering kranz reinhardt wirth",
    "fr": "martin bernard thomas petit robert richard durand dubois moreau laurent simon michel "
    "lefebvre leroy roux david bertrand morel fournier girard bonnet dupont lambert fontaine "
    "rousseau vincent muller lefevre faure andre mercier blanc guerin boyer garnier chevalier "
    "francois legrand gauthier garcia perrin robin clement morin nicolas henry roussel "
    "mathieu gautier masson marchand duval denis dumont marie lemaire noel meyer dufour "
    "meunier brun blanchard giraud joly riviere lucas brunet gaillard barbier arnaud martinez "
    "gerard roche renard schmitt roy leroux colin vidal caron picard roger fabre aubert "
    "lemoine renaud dumas lacroix olivier philippe bourgeois pierre benoit rey leclerc payet "
    "rolland leclercq guillaume lecomte lopez jean dupuy guillot hubert berger carpentier "
    "sanchez dupuis moulin louis deschamps huet vasseur perez boucher fleury royer klein "
    "jacquet adam paris poirier marty aubry guyot carre charles renault charpentier menard "
    "maillard baron bertin bailly herve schneider fernandez le collet leger bouvier julien "
    "prevost millet perrot daniel cousin germain breton besson langlois remy pelletier hebert "
    "bazin lebrun lemaitre",
    "es": "garcia rodriguez gonzalez fernandez lopez martinez sanchez perez gomez martin jimenez "
    "hernandez ruiz diaz moreno munoz alvarez romero gutierrez alonso navarro torres "
    "dominguez ramos vazquez ramirez gil serrano morales molina blanco suarez castro ortega "
    "delgado ortiz marin rubio nunez medina sanz castillo iglesias cortes garrido santos "
    "guerrero lozano cano cruz mendez flores prieto herrera pena leon marquez cabrera gallego "
    "calvo vidal campos vega reyes fuentes carrasco diez aguilar caballero nieto santana "
    "vargas pascual gimenez herrero hidalgo montero lorenzo santiago benitez duran ibanez "
    "arias mora ferrer carmona rojas vicente crespo roman soto saez velasco parra moya bravo "
    "gallardo rojo pastor soler esteban acedo pombo salas rivas peralta batalla berenguer "
    "barrios bello bernal bermudez borrego cabello campo castells cervantes coll company "
    "conesa corral costa cuesta duque egea escobar escudero espinosa exposito figueroa folch "
    "franch galan galvez gallart garay gisbert gracia guillen heredia huertas hurtado jara "
    "jove julian lara ledesma llorente lluch luna luz maldonado manrique marti mateo mateu "
    "melendez merino miguel miralles miranda montes morera moran nadal ojeda oliva oliver "
    "olmo ordonez otero pablo pacheco palacios palomar paredes perello pineda pinto plaza "
    "polo pons porras pozo puig quintana quiros real ribera ribas riera rios rivero robledo "
    "roca rosado rosello rosales rueda salazar salvador saavedra segura sierra silva solis "
    "tejada toledo tomas trillo uria valencia valero valle varela vera viana villa villalobos "
    "yanez",
    "it": "rossi russo ferrari esposito bianchi romano colombo ricci marino greco bruno gallo conti "
    "deluca mancini costa giordano rizzo lombardi moretti barbieri fontana santoro mariani "
    "rinaldi caruso ferrara",
    "nl": "jong jansen vries berg bakker dijk visser janssen smit meijer boer mulder groot bos vos "
    "peters hendriks leeuwen dekker brouwer wit dijkstra smits graaf meer",
    "pt": "silva santos ferreira pereira oliveira costa rodrigues martins jesus sousa fernandes "
    "goncalves gomes lopes marques alves almeida ribeiro pinto carvalho teixeira moreira "
    "correia mendes nunes soares",
    "pl": "nowak kowalski kowalska wisniewski wojcik kowalczyk kaminski lewandowski zielinski "
    "szymanski wozniak dabrowski kozlowski jankowski mazur wojciechowski kwiatkowski krawczyk",
    "sv": "andersson johansson karlsson nilsson eriksson larsson olsson persson svensson gustafsson "
    "pettersson jonsson jansson hansson bengtsson lindberg jakobsson magnusson lindstrom",
}
_STREETS = {
    "en": "street st avenue ave road rd lane ln drive dr boulevard blvd court ct place pl square "
    "way terrace crescent close highway hwy parkway pkwy loop circle trail grove gardens mews "
    "suite apt flat studio unit route alley walk row hill common plaza",
    "de": "strasse str weg platz allee gasse ring ufer damm chaussee steig",
    "fr": "rue avenue boulevard chemin impasse allee allees quai cours bd bis ter",
    "es": "calle avenida avda av plaza paseo camino ronda carretera urbanizacion callejon cuesta "
    "glorieta alameda pasaje rambla via vial canada acceso puerta piso apt",
    "it": "via viale piazza corso largo vicolo strada borgo contrada incrocio stretto canale rotonda",
    "nl": "straat laan weg plein gracht kade singel dreef steeg ring boulevard",
    "pt": "rua avenida travessa praca largo alameda estrada rodovia",
    "pl": "ulica ul aleja al plac osiedle os",
    "sv": "gatan vagen vag gata torget grand allen",
}
_TAILS = {
    "de": ("strasse", "str", "weg", "platz", "allee", "gasse", "ring", "ufer", "damm"),
    "nl": ("straat", "laan", "weg", "plein", "gracht", "kade", "singel", "dreef", "pad"),
    "sv": ("gatan", "vagen", "torget", "gata", "stigen"),
}


@cache
def given() -> dict[str, frozenset[str]]:
    """Language to given names."""
    return {tongue: frozenset(text.split()) for tongue, text in _GIVEN.items()}


@cache
def family() -> dict[str, frozenset[str]]:
    """Language to family names."""
    return {tongue: frozenset(text.split()) for tongue, text in _FAMILY.items()}


@cache
def _street_words() -> dict[str, frozenset[str]]:
    return {tongue: frozenset(text.split()) for tongue, text in _STREETS.items()}


def streets(word: str) -> set[str]:
    """Languages in which this word of an address means a street."""
    found = {tongue for tongue, known in _street_words().items() if word in known}
    return found | {
        tongue
        for tongue, tails in _TAILS.items()
        if any(word.endswith(tail) and len(word) > len(tail) + 2 for tail in tails)
    }
